"""Is the compute of two recipes compared at one quality, rung by rung?"""

from dataclasses import replace

import pytest

from analysis.answers.compare.at_quality import at_quality, at_quality_text
from analysis.answers.quality.time_to_quality import time_to_quality
from analysis.frames import evaluations_frame
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


def reached(root, start: float, target: float, sizes=SIZES[:2], noise=0.0, seeds=1):
    study = write_study(
        root,
        digits_like({"size": sizes}, seeds=seeds),
        noise=noise,
        fid=lambda trial, step: start * (step / 100) ** -0.5,
    )
    return time_to_quality(evaluations_frame(study), [target])


def test_a_recipe_that_is_worse_by_a_factor_needs_its_square(tmp_path):
    """FID falls as images^-1/2, so 1.2 times the FID is 1.44 times the images."""
    a, b = reached(tmp_path / "a", 12, 8), reached(tmp_path / "b", 10, 8)
    small, large = at_quality(a, b)
    assert small.multiplier == pytest.approx(1.44) == large.multiplier
    low, high = small.interval
    assert low < 1.44 < high
    told = at_quality_text([small])
    assert told.startswith("at 8, DiT-d2w16/2: A needs 1.44 times B's training")
    assert "beware: An interval of one seed is of drawing other samples alone" in told
    assert "beware" not in at_quality_text([replace(small, one_seed=False)])


def test_what_is_not_reached_or_only_bounded_is_not_compared(tmp_path):
    (one,) = at_quality(
        reached(tmp_path / "a", 30, 8, SIZES[:1]), reached(tmp_path / "b", 10, 8, SIZES[:1])
    )
    assert (one.multiplier, one.why) == (None, "A does not reach it (13.4 at 32,000 images)")
    (one,) = at_quality(
        reached(tmp_path / "c", 10, 8, SIZES[:1]), reached(tmp_path / "d", 7, 8, SIZES[:1])
    )
    assert one.why == "B reached it before its first checkpoint"


def test_other_rungs_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no rung is in both studies .*DiT-d2w16/2; B: DiT-d2w32"):
        at_quality(
            reached(tmp_path / "a", 10, 8, SIZES[:1]), reached(tmp_path / "b", 10, 8, SIZES[1:2])
        )


def test_a_quality_of_another_protocol_is_another_quality(tmp_path):
    a, b = (reached(tmp_path / name, 10, 8, SIZES[:1]) for name in "ab")
    (one,) = b
    with pytest.raises(ValueError, match=r"measure it differently .*FID-1K.*; FID-50K"):
        at_quality(a, [replace(one, label="FID-50K")])


def test_two_models_of_one_rung_are_not_chosen_between(tmp_path):
    a, b = (reached(tmp_path / name, 10, 8, SIZES[:1]) for name in "ab")
    (one,) = b
    with pytest.raises(ValueError, match=r"B has two models of one rung, DiT-d2w16/2 and other"):
        at_quality(a, [one, replace(one, model="other")])
