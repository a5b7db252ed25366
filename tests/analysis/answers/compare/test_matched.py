"""Are models of one cost paired, whatever they are called, and is the ratio of their FIDs right?"""

import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.answers.compare.matched import (
    matched,
    matched_sentence,
    matched_text,
    study_matched,
)
from analysis.answers.finding import finding
from analysis.frames import trials_frame
from tests.analysis.trial_tables import synthetic

GFLOPS = np.array([1.0, 2.0, 4.0])
UNET_VS_DIT = Path(__file__).parents[4] / "results/reference/unet_vs_dit"


def recipe(name: str, gflops, fid, spread: float = 0.0, seeds: int = 3) -> pl.DataFrame:
    """``fid`` of each model, and seeds ``spread`` about it in its logarithm."""
    nudges = spread * (np.arange(seeds) - (seeds - 1) / 2)
    rows = synthetic(
        np.repeat(gflops, seeds),
        (np.asarray(fid)[:, None] * np.exp(nudges)).ravel(),
        seeds=seeds,
    )
    return rows.with_columns(pl.format("{}{}", pl.lit(name), "model").alias("model"))


def test_pairs_are_by_gflops_the_closest_first_and_each_model_once():
    a = recipe("a", [1.0, 1.03, 8.0], [10.0, 9.0, 2.0])
    b = recipe("b", [8.3, 1.02, 3.0, 1.06], [1.0, 5.0, 7.0, 6.0])
    found = matched(a, b)
    assert [(pair.a, pair.b) for pair in found.pairs] == [("am1", "bm1"), ("am2", "bm0")]
    assert [math.exp(pair.log) for pair in found.pairs] == pytest.approx([5 / 9, 1 / 2])
    assert found.pairs[1].apart == pytest.approx(0.0375)


def test_ratios_and_their_trend_are_recovered():
    """B's FID falls as Gflops^-1/2, A's not at all."""
    a = recipe("a", GFLOPS, [10.0, 10, 10], spread=0.01)
    b = recipe("b", GFLOPS, 20 * GFLOPS**-0.5, spread=0.02)
    found = matched(a, b, ("U-Net", "DiT"))
    ratios = [math.exp(pair.log) for pair in found.pairs]
    assert ratios == pytest.approx([2, 2**0.5, 1])
    assert [pair.verdict for pair in found.pairs] == [1, 1, 0]
    assert found.trend.value == pytest.approx(-0.5)
    assert math.exp(found.mean.value) == pytest.approx(2**0.5)
    sentence = matched_sentence(found)
    assert sentence.startswith("At equal Gflops the FID of DiT is 2.00 [")
    assert sentence.endswith("(the cheapest of 3 pairs first): higher at 2, not resolved at 1.")


def test_the_interval_of_a_ratio_covers():
    """Recipes of unlike spread, three seeds each: 93 to 99 % of intervals hold the ratio."""
    rng, simulated, held = np.random.default_rng(0), 400, 0
    x = np.repeat(GFLOPS, 3)
    for _ in range(simulated):
        a = synthetic(x, np.exp(0.05 * rng.standard_normal(9)), seeds=3)
        b = synthetic(x, 2 * np.exp(0.3 * rng.standard_normal(9)), seeds=3)
        low, high = matched(a, b).pairs[0].change.interval()
        held += low < math.log(2) < high
    assert 0.93 <= held / simulated <= 0.99


def test_one_seed_has_a_ratio_and_no_error():
    found = matched(
        recipe("a", GFLOPS, [4, 3, 2], seeds=1), recipe("b", GFLOPS, [2, 1, 1], seeds=1)
    )
    assert (found.mean, found.trend) == (None, None)
    assert matched_sentence(found).endswith(
        "is 0.500, 0.333 and 0.500 times that of A (the cheapest of 3 pairs first): from one seed, "
        "so without an error."
    )
    some = pl.concat([recipe("a", GFLOPS[:2], [4, 3]), recipe("other", GFLOPS[2:], [2], seeds=1)])
    verdicts = [pair.verdict for pair in matched(some, recipe("b", GFLOPS, [2, 1, 1])).pairs]
    assert verdicts == [-1, -1, None]


def test_seeds_that_scatter_beyond_any_number_still_have_a_sentence():
    """Two seeds a model, one degree of freedom, spreads of 10^30."""
    a = recipe("a", GFLOPS[:1], [1.0], spread=70.0, seeds=2)
    b = recipe("b", GFLOPS[:1], [2.0], spread=1e-3, seeds=2)
    assert "2.00 [" in matched_sentence(matched(a, b))


def test_what_else_differs_is_said():
    a = recipe("a", GFLOPS, [4, 3, 2]).with_columns(steps=pl.lit(100), batch=pl.lit(8))
    b = recipe("b", GFLOPS, [4, 3, 2]).with_columns(
        steps=pl.lit(200), batch=pl.lit(8), protocol=pl.lit("q")
    )
    text = matched_text([matched(a, b)])
    assert "A: measured as p; B: measured as q; A: steps 100; B: steps 200" in text
    assert "batch" not in text
    assert "times that of A, each measured by its own protocol (" in matched_sentence(matched(a, b))


def test_models_of_unlike_cost_are_refused_with_their_gflops():
    with pytest.raises(
        ValueError, match=r"within 5% .*A: am0 1.00, .*; B: bm0 10.0.*train a model"
    ):
        matched(recipe("a", GFLOPS, [4, 3, 2]), recipe("b", 10 * GFLOPS, [4, 3, 2]))


def test_a_study_of_two_families_opens_with_them_at_equal_gflops():
    (found,) = study_matched(UNET_VS_DIT)
    assert [(pair.b, pair.a) for pair in found.pairs] == [
        ("ADM-w4x1-2-2b2a4", "DiT-d2w32/2"),
        ("ADM-w6x1-2-2b2a4", "DiT-d2w48/2"),
        ("ADM-w8x1-2.5-3b2a4", "DiT-d3w64/2"),
    ]
    trials = trials_frame(UNET_VS_DIT).filter(pl.col("state") == "completed")
    means = dict(trials.group_by("model").agg(pl.col("fid").log().mean().exp()).rows())
    assert [math.exp(pair.log) for pair in found.pairs] == pytest.approx(
        [means[pair.b] / means[pair.a] for pair in found.pairs]
    )
    told = finding(UNET_VS_DIT)
    assert str(told).startswith("At equal Gflops the FID of ADM is ")
    assert told.sentence.startswith("2 recipes, each with a law of its own.")


def test_a_study_of_one_recipe_asks_for_another():
    with pytest.raises(ValueError, match="unet_lr has no two recipes; give another study, STUDY_B"):
        study_matched(UNET_VS_DIT.with_name("unet_lr"))
