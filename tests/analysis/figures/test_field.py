"""Does the figure of the field show every report, and join only what nothing cheaper betters?"""

import polars as pl
import pytest

from analysis.figures.field import _hover, fid_vs_cost
from analysis.frames.published import conflicts, field, frontier_of, unguided_at
from tests.analysis.figures.reading import texts


def test_every_report_with_a_cost_is_shown_in_its_panel():
    rows = field()
    figure = fid_vs_cost(rows)
    here = rows.filter(pl.col("resolution") == 256)
    costs = (here["forward_gmacs"], here["images"])
    assert len(texts(figure)) == sum(len(column.drop_nulls()) for column in costs)
    told = {row["model"]: _hover(row) for row in here.to_dicts()}
    assert "batch 1,024, protocol Heun 50 steps" in told["JiT-B/16"]
    assert "batch 256, protocol as printed" in told["DiT-S/8"]
    with pytest.raises(ValueError, match="nothing is tabulated at 17 pixels"):
        fid_vs_cost(rows, resolution=17)


def test_epochs_and_steps_are_both_images():
    rows = field()
    jit = rows.filter(pl.col("model") == "JiT-B/16")["images"].to_list()
    assert jit == [200 * 1_281_167, 600 * 1_281_167]
    repa = rows.filter(pl.col("model") == "SiT-B/2 + REPA")["images"].to_list()
    assert repa == [400_000 * 256]


def test_the_frontier_falls_and_that_of_2026_is_nowhere_above_that_of_2022():
    for axis in ("forward_gmacs", "images"):
        then, now = (frontier_of(unguided_at(field(), 256, year), axis) for year in (2022, 2026))
        for best in (then, now):
            assert best["fid"].is_sorted(descending=True) and best[axis].is_sorted()
        for cost, fid in then.select(axis, "fid").rows():
            assert now.filter(pl.col(axis) <= cost)["fid"].min() <= fid


def test_both_sides_of_a_conflict_are_kept():
    fids = set(conflicts(field())["fid"])
    assert {1.42, 1.29, 8.61} <= fids
