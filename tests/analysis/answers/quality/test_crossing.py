"""Is it told where a curve first passes a quality, with the interval that its errors give?"""

import math

import pytest

from analysis.answers.quality.time_to_quality import time_to_quality
from tests.analysis.answers.quality.curves import falling, rows_of

STEPS = (100, 200, 300, 400, 500)


def test_one_seed_has_the_sampling_error_carried_to_images(tmp_path):
    """FID known to 2 % on a line of slope -1/2: images known to 4 %, less between checkpoints."""
    _, rows = rows_of(tmp_path, falling(10, 0.5))
    at = 10 / math.sqrt(3)  # at the third checkpoint itself
    (found,) = time_to_quality(rows, [at * (1 + 1e-9)])
    low, high = found.images_interval
    assert math.log(high / found.images) == pytest.approx(1.96 * 0.02 / 0.5, rel=1e-2)
    assert math.log(found.images / low) == pytest.approx(1.96 * 0.02 / 0.5, rel=1e-2)


def test_seeds_give_students_interval_around_their_geometric_mean(tmp_path):
    _, rows = rows_of(tmp_path, falling(10, 0.5), noise=0.2, seeds=3)
    (found,) = time_to_quality(rows, [6.0])
    each = [time_to_quality(own, [6.0])[0].images for _, own in rows.group_by("train_id")]
    assert (found.seeds, found.reached_by) == (3, 3)
    assert math.log(found.images) == pytest.approx(sum(map(math.log, each)) / 3)
    low, high = found.images_interval
    assert low < min(each) and max(each) < high


def test_a_curve_that_rises_again_has_reached_it_the_first_time(tmp_path):
    values = dict(zip(STEPS, (10.0, 4.0, 9.0, 8.0, 3.0)))
    _, rows = rows_of(tmp_path, lambda trial, step: values[step])
    (found,) = time_to_quality(rows, [5.0])
    assert 6400 < found.images < 12800
