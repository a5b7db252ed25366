"""Do spaces that rank models alike agree, and are orders that are mere luck no disagreement?"""

import json

import numpy as np
import polars as pl
import pytest

from analysis.answers.feature_spaces import feature_spaces, spaces_table
from analysis.answers.verdicts import AGREE, DISAGREE, OPEN

MODELS = ("small", "middle", "large")


def frame(ratios: dict[str, list[float]], seeds: int = 3, noise: float = 0.01, se: float = 0.02):
    """The evaluations of MODELS with ``ratios`` by feature space."""
    rng, rows = np.random.default_rng(0), []
    for place, model in enumerate(MODELS):
        for seed in range(seeds):
            parts = [
                {
                    "features": space,
                    "fd": 2 * value,
                    "se": 2 * value * se,
                    "real": 2.0,
                    "real_se": 0.1,
                    "ratio": value,
                }
                for space, values in ratios.items()
                for value in [values[place] * float(np.exp(noise * rng.standard_normal()))]
            ]
            rows.append(
                {
                    "model": model,
                    "seed": seed,
                    "cell": model,
                    "metric": "fdr",
                    "at_end": True,
                    "headline": True,
                    "value": float(np.mean([part["ratio"] for part in parts])),
                    "parts": json.dumps(parts),
                }
            )
    return pl.DataFrame(rows)


def test_spaces_that_rank_alike_agree():
    found = feature_spaces(frame({"cnn": [9.0, 5.0, 2.0], "mixer": [30.0, 20.0, 4.0]}))
    (pair,) = found.pairs
    assert (found.verdict, pair.rho, pair.told_apart, pair.opposite) == (AGREE, 1.0, 3, ())
    assert "The spaces agree on the ranking." in found.sentence
    assert found.real == {"cnn": 2.0, "mixer": 2.0}


def test_a_pair_in_decided_opposite_orders_is_a_disagreement_that_is_named():
    found = feature_spaces(frame({"cnn": [9.0, 5.0, 2.0], "mixer": [30.0, 2.0, 4.0]}))
    (pair,) = found.pairs
    assert found.verdict == DISAGREE and pair.opposite == (("middle", "large"),)
    assert "1 of them in opposite orders, such as middle and large" in found.sentence


def test_an_order_within_the_errors_decides_nothing():
    near = {"cnn": [9.0, 5.0, 4.95], "mixer": [9.0, 4.95, 5.0]}
    (pair,) = feature_spaces(frame(near, noise=0.05)).pairs
    assert pair.opposite == ()
    same = {"cnn": [5.0, 5.0, 5.0], "mixer": [5.0, 5.0, 5.0]}
    assert feature_spaces(frame(same, seeds=1, noise=1e-4)).verdict == OPEN


def test_of_one_seed_the_sampling_error_decides():
    far, near = [9.0, 5.0, 4.0], [9.0, 4.0, 5.0]
    sure = feature_spaces(frame({"cnn": far, "mixer": near}, seeds=1, se=0.01))
    unsure = feature_spaces(frame({"cnn": far, "mixer": near}, seeds=1, se=0.2))
    assert (sure.verdict, unsure.verdict) == (DISAGREE, AGREE)  # the largest gap alone is told
    assert unsure.pairs[0].told_apart < 3


def test_the_table_has_a_row_per_model_and_both_errors_of_each_space():
    table = spaces_table(feature_spaces(frame({"cnn": [9.0, 5.0, 2.0], "mixer": [3.0, 2.0, 1.0]})))
    assert table["model"].to_list() == ["large", "middle", "small"]
    assert table["rank, mixer"].to_list() == [1, 2, 3]
    assert table["sampling error, cnn"].to_list() == ["2.0 %"] * 3
    assert all(cell.endswith(" %") for cell in table["training error, mixer"])


def test_what_is_no_ranking_is_refused():
    rows = frame({"cnn": [9.0, 5.0, 2.0], "mixer": [3.0, 2.0, 1.0]})
    with pytest.raises(ValueError, match="needs 3 models with an FDr, and there are 1"):
        feature_spaces(rows.filter(pl.col("model") == "small"))
    each_seed_apart = rows.with_columns(cell=pl.col("model") + pl.col("seed").cast(str))
    with pytest.raises(ValueError, match="several settings"):
        feature_spaces(each_seed_apart)
    other = frame({"cnn": [9.0, 5.0, 2.0], "clip": [3.0, 2.0, 1.0]})
    mixed = pl.concat([rows, other.filter(pl.col("model") == "none"), other.head(3)])
    with pytest.raises(ValueError, match="different feature spaces"):
        feature_spaces(mixed)
