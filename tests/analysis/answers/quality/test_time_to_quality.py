"""Is it told where a curve first reaches a quality, with the interval that its errors give?"""

import math

import polars as pl
import pytest

from analysis.answers.quality.time_to_quality import round_targets, time_to_quality
from analysis.frames import curves_frame
from tests.analysis.answers.quality.curves import falling, rows_of
from tests.analysis.synthetic_study import SIZES


def test_a_power_law_is_passed_exactly_where_it_says(tmp_path):
    """On a line in log FID and log images nothing is interpolated wrongly."""
    study, rows = rows_of(tmp_path, falling(10, 0.5))
    (found,) = time_to_quality(rows, [6.0], curves=curves_frame(study), images_per_epoch=640)
    images = 64 * 100 * (10 / 6) ** 2
    assert found.images == pytest.approx(images)
    assert found.epochs == pytest.approx(images / 640)
    end = rows.filter(pl.col("at_end")).row(0, named=True)
    assert found.train_flops == pytest.approx(end["train_flops"] * images / end["images"])
    # ten seconds for 500 steps of 64 images, in proportion
    assert found.device_hours == pytest.approx(10 / 3600 * images / (500 * 64), rel=0.02)
    assert (found.name, found.at_most, found.cost) == ("EP_FID@6", False, None)
    (priced,) = time_to_quality(rows, [6.0], curves=curves_frame(study), price_per_hour=3.0)
    assert priced.cost == pytest.approx(3 * found.device_hours)


def test_a_seed_that_does_not_reach_it_is_not_left_out_of_a_mean(tmp_path):
    late = {0: 10.0, 1: 40.0}
    _, rows = rows_of(
        tmp_path,
        lambda trial, step: late[trial.spec.train.seed] * (step / 100) ** -0.5,
        seeds=2,
    )
    (found,) = time_to_quality(rows, [8.0])
    assert (found.images, found.reached_by, found.seeds) == (None, 1, 2)
    assert found.nearest == pytest.approx(40 / math.sqrt(5))


def test_round_targets_are_those_that_two_models_reach(tmp_path):
    best = {16: 8.0, 32: 3.0, 48: 1.4}
    _, rows = rows_of(
        tmp_path,
        lambda trial, step: best[trial.spec.model.width] * (500 / step) ** 0.5,
        size=SIZES[:3],
    )
    fids = rows.filter((pl.col("metric") == "fid") & pl.col("headline"))
    assert round_targets(fids) == [20.0, 10.0, 5.0]
    found = time_to_quality(rows)
    assert [one.target for one in found] == [20.0] * 3 + [10.0] * 3 + [5.0] * 3
    assert [one.images is None for one in found] == [False] * 6 + [True, False, False]


def test_bad_questions_are_refused(tmp_path):
    _, rows = rows_of(tmp_path, falling(10, 0.5))
    for asked, why in (
        ({"targets": [0.0]}, "a quality is a number above zero, found 0"),
        ({"targets": [float("nan")]}, "found nan"),
        ({"metric": "recall"}, "recall rises with quality"),
        ({"metric": "cmmd"}, "no evaluation has a "),
        ({"targets": [5.0], "price_per_hour": -1.0}, "a price an hour"),
    ):
        with pytest.raises(ValueError, match=why):
            time_to_quality(rows, **asked)


@pytest.mark.parametrize(
    ("axes", "why"),
    [
        ({"train.lr": [1e-3, 2e-3]}, r"trained in 2 ways \(learning rates 0.001, 0.002\)"),
        ({"train.batch": [32, 64]}, r"trained in 2 ways \(batches 32, 64\)"),
        ({"train.schedule": ["constant", "cosine"]}, "schedules constant, cosine"),
        (
            {"train.schedule": ["cosine"], "train.steps": [500, 1000]},
            "trained 2 times with seed 0, .* may differ in their seed alone, keep one length",
        ),
    ],
)
def test_trainings_that_differ_in_more_than_their_seed_are_no_seeds(tmp_path, axes, why):
    _, rows = rows_of(tmp_path, falling(10, 0.5), size=SIZES[:1], **axes)
    with pytest.raises(ValueError, match=rf"DiT-d2w16/2 was .*{why}"):
        time_to_quality(rows, [9.0])


def test_lengths_of_a_constant_rate_are_one_training(tmp_path):
    axes = {"size": SIZES[:1], "train.steps": [500, 1000]}
    _, rows = rows_of(tmp_path, falling(10, 0.5), **axes)
    (found,) = time_to_quality(rows, [9.0])
    assert found.seeds == 1
