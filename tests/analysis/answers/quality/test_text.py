"""Is it told in words when a model reaches a quality, or how near it came?"""

import math

import polars as pl
import pytest

from analysis.answers.quality.text import lines, sentence
from analysis.answers.quality.time_to_quality import time_to_quality
from tests.analysis.answers.quality.curves import falling, rows_of


def test_what_no_curve_reaches_is_null_with_the_nearest(tmp_path):
    _, rows = rows_of(tmp_path, falling(10, 0.5))
    (found,) = time_to_quality(rows, [1.0])
    assert found.images is found.train_flops is found.epochs is found.images_interval is None
    assert (found.reached_by, found.nearest_images) == (0, 500 * 64)
    assert found.nearest == pytest.approx(10 / math.sqrt(5))
    assert "no model reaches it with every seed; the nearest is DiT-d2w16/2, 4.47 at 32,000" in (
        sentence([found])
    )
    assert lines([found]) == ["  DiT-d2w16/2  not reached: 4.47 at 32,000 images"]


def test_before_the_first_checkpoint_it_is_an_upper_bound(tmp_path):
    _, rows = rows_of(tmp_path, falling(10, 0.5))
    (found,) = time_to_quality(rows, [12.0])
    assert found.at_most and found.images == pytest.approx(6400)
    assert found.images_interval is None
    assert "at most" in sentence([found])


def test_an_interval_of_one_seed_says_that_it_holds_samples_alone(tmp_path):
    (one,) = time_to_quality(rows_of(tmp_path / "1", falling(10, 0.5))[1], [6.0])
    (two,) = time_to_quality(rows_of(tmp_path / "2", falling(10, 0.5), 0.02, seeds=2)[1], [6.0])
    assert one.images_interval and two.images_interval
    assert "holds nothing of training again: train another seed" in sentence([one])
    assert "another seed" not in sentence([two])


def test_trainings_measured_once_say_that_no_curve_tells_when(tmp_path):
    _, rows = rows_of(tmp_path, falling(10, 0.5))
    (along,) = time_to_quality(rows, [6.0])
    (once,) = time_to_quality(rows.filter(pl.col("step") == rows["step"].max()), [6.0])
    assert "Each training is measured once" in sentence([once]) and once.at_most
    assert "measured once" not in sentence([along])
    assert (along.checkpoints, once.checkpoints) == (5, 1)
