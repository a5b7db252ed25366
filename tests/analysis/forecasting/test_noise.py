"""Is luck told from sampling, and are trainings counted instead of their checkpoints?"""

import numpy as np
import polars as pl
import pytest

from analysis.forecasting.forecast import NoiseDeviations
from analysis.forecasting.noise import noise_between_seeds


def evaluations(luck, sampling, models=1, seeds=2, steps=5, seed=0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    lucks = luck * rng.standard_normal((models, seeds))
    return pl.DataFrame(
        [
            {
                "model": f"m{m}",
                "train_id": f"t{m}-{s}",
                "step": 100 * (k + 1),
                "value": float(
                    np.exp(3 - 0.3 * k + lucks[m, s] + sampling * rng.standard_normal())
                ),
            }
            for m in range(models)
            for s in range(seeds)
            for k in range(steps)
        ]
    )


def test_two_trainings_of_ten_checkpoints_are_one_repeat_and_no_measured_noise():
    assert noise_between_seeds(evaluations(0.3, 0.01, steps=10)) == NoiseDeviations()


def test_luck_and_sampling_are_told_apart():
    found = noise_between_seeds(evaluations(0.1, 0.02, models=100, seeds=3))
    assert found.luck == pytest.approx(0.1, rel=0.1)
    assert found.sampling == pytest.approx(0.02, rel=0.1)
    assert found.dof == 200  # trainings beyond the first of each model
    no_luck = noise_between_seeds(evaluations(0.0, 0.02, models=100, seeds=3))
    assert no_luck.luck < 0.005 and no_luck.sampling == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("steps", [1, 5])
def test_checkpoints_that_agree_to_the_last_digit_leave_a_noise(steps):
    found = noise_between_seeds(evaluations(1e-9, 0.0, models=4, steps=steps))
    assert found.sampling == pytest.approx(1e-4)


def test_of_one_checkpoint_a_training_the_ratio_is_the_published_one():
    found = noise_between_seeds(evaluations(0.1, 0.02, models=200, seeds=2, steps=1))
    assert found.luck / found.sampling == pytest.approx(3.2)
    assert np.hypot(found.luck, found.sampling) == pytest.approx(np.hypot(0.1, 0.02), rel=0.1)


def test_steps_that_not_every_seed_has_are_left_out():
    rows = evaluations(0.1, 0.02, models=4, seeds=2, steps=3)
    more = rows.filter(pl.col("train_id") == "t0-0").with_columns(
        step=pl.lit(999), value=pl.lit(1e-3)
    )
    assert noise_between_seeds(pl.concat([rows, more[:1]], how="vertical_relaxed")) == (
        noise_between_seeds(rows)
    )
