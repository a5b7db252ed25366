"""Is the spread of each random stream found again from trials that vary one at a time?"""

import math

import numpy as np
import pytest

from analysis.answers.errors.noise_floor import SOURCES, noise_floor, noise_of_source, seeds_of
from experiments.noise_floor import STUDY
from scaling.study import Plan

TRUE = {"init": 0.2, "order": 0.1, "noise": 0.3, "sampling": 0.05}
PLAN = Plan.of(STUDY)


def drawn(repeat: int) -> dict[str, float]:
    """A FID of every trial: the product of what each of its four seeds does."""
    rng = np.random.default_rng(repeat)
    luck = {name: rng.standard_normal(50) * sd for name, sd in TRUE.items()}
    return {
        trial.trial_id: 10 * math.exp(sum(luck[n][s] for n, s in zip(TRUE, seeds_of(trial))))
        for trial in PLAN.trials
    }


def test_each_stream_is_told_apart_and_training_again_is_their_sum():
    found = [noise_floor(PLAN.trials, drawn(repeat)) for repeat in range(80)]
    names = [noise.source for noise in found[0]]
    truth = [*TRUE.values(), math.sqrt(0.2**2 + 0.1**2 + 0.3**2)]
    assert names == list(SOURCES)
    for place, true in enumerate(truth):
        column = [noises[place] for noises in found]
        assert {noise.dof for noise in column} == {8}
        rms = math.sqrt(np.mean([noise.spread**2 for noise in column]))
        assert rms == pytest.approx(true, rel=0.15)
        held = np.mean([low < true < high for low, high in (n.interval for n in column)])
        assert held == pytest.approx(0.95, abs=0.06)


def test_a_stream_that_is_not_varied_is_told_in_one_line():
    of_sampling = {
        trial.trial_id: 10.0 + place
        for place, trial in enumerate(PLAN.trials)
        if seeds_of(trial)[:3] == (0, 0, 0)
    }
    assert [noise.source for noise in noise_floor(PLAN.trials, of_sampling)] == ["sampling"]
    with pytest.raises(ValueError, match=r"data order is not varied alone.*seeds\.order"):
        noise_of_source("data order", PLAN.trials, of_sampling)
    with pytest.raises(ValueError, match="no source of luck 'weather'; there are initialisation"):
        noise_of_source("weather", PLAN.trials, of_sampling)
    with pytest.raises(ValueError, match="no two measured trials differ in the seed of one stream"):
        noise_floor(PLAN.trials, {PLAN.trials[0].trial_id: 10.0})
    assert "[" in str(noise_of_source("sampling", PLAN.trials, of_sampling))
