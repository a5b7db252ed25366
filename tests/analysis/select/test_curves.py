"""Are curves and rungs named and ordered by what they are, for one family or several?"""

import polars as pl
import pytest

from analysis.frames import trials_frame
from analysis.frames.published import dit_table4
from analysis.select.curves import (
    curve_labels,
    curve_order,
    family_title,
    rung_order,
    with_curves,
)
from tests.analysis.networks import Convolutions

CONV = Convolutions.model_fields["family"].default


def rows(*cells) -> pl.DataFrame:
    """Of (family, series, rung, params_m, forward_gmacs)."""
    return with_curves(
        pl.DataFrame(
            cells,
            schema=["family", "series", "rung", "params_m", "forward_gmacs"],
            orient="row",
            schema_overrides={"series": pl.String},
        )
    )


def test_the_papers_grid_is_ordered_by_compute_and_parameters():
    grid = with_curves(dit_table4().sample(fraction=1, shuffle=True, seed=3))
    assert curve_order(grid) == ["patch 8", "patch 4", "patch 2"]
    assert rung_order(grid) == ["S", "B", "L", "XL"]


def test_curves_are_compared_at_the_rungs_they_share():
    """The least model at patch 8 costs more here than the least at patch 2."""
    some = with_curves(
        dit_table4().filter(pl.col("model").is_in(["DiT-S/2", "DiT-B/2", "DiT-B/8"]))
    )
    assert curve_order(some) == ["patch 8", "patch 2"]
    apart = rows(("dit", "patch 8", "XL", 2.0, 9.0), ("dit", "patch 2", "S", 1.0, 6.0))
    assert curve_order(apart) == ["patch 2", "patch 8"]


def test_mlp_ratios_come_in_their_order():
    ratios = [(f"patch 2, mlp {r}" if r != 4 else "patch 2", 1.0 + r, r * 0.1) for r in (8, 2, 4)]
    found = rows(*(("dit", series, "S", params, gmacs) for series, params, gmacs in ratios))
    assert curve_order(found) == ["patch 2, mlp 2", "patch 2", "patch 2, mlp 8"]
    assert curve_labels(found) == (
        "Patch",
        {"patch 2, mlp 2": "2, mlp 2", "patch 2": "2", "patch 2, mlp 8": "2, mlp 8"},
    )


def test_a_legend_of_one_family_bears_the_word_that_its_series_share(finished):
    head, labels = curve_labels(with_curves(trials_frame(finished)))
    assert (head, list(labels.items())) == (
        "Patch",
        [("patch 8", "8"), ("patch 4", "4"), ("patch 2", "2")],
    )


def test_a_null_series_is_one_curve_named_by_its_family():
    found = rows((CONV, None, "n1", 1, 2), (CONV, None, "n2", 2, 3))
    assert curve_order(found) == ["ConvNet"]
    assert curve_labels(found) == ("Series", {"ConvNet": "ConvNet"})


def test_curves_of_one_family_stand_together():
    found = rows(
        ("dit", "patch 2", "S", 1.0, 0.4),
        ("dit", "patch 4", "S", 1.0, 0.1),
        ("unet", None, "S", 2.0, 0.2),
    )
    assert curve_order(found) == ["DiT, patch 4", "DiT, patch 2", "unet"]


def test_series_of_several_families_are_told_with_their_family():
    found = rows(
        ("dit", "patch 2", "S", 1.0, 0.4),
        ("dit", "patch 4", "S", 1.0, 0.1),
        ("unet", None, "c32", 2.0, 0.2),
        ("mixer", None, "w8", 0.5, 0.3),
        ("mixer", "patch 2", "w8", 0.5, 0.5),
    )
    assert found["curve"].to_list() == [
        "DiT, patch 2",
        "DiT, patch 4",
        "unet",
        "mixer",
        "mixer, patch 2",
    ]
    head, labels = curve_labels(found)
    assert head == "Series" and all(curve == label for curve, label in labels.items())
    assert rung_order(found) == ["w8", "S", "c32"]


@pytest.mark.parametrize("family, title", [(CONV, "ConvNet"), ("nobody's", "nobody's")])
def test_a_family_is_written_by_its_title(family, title):
    assert family_title(family) == title
