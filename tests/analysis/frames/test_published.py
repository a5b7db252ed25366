"""Have published tables the columns of a curve?"""

import polars as pl
import pytest

from analysis.frames.published import (
    block_designs,
    dit_table4,
    heldout_distance,
    published,
    sampling_compute,
)


@pytest.mark.parametrize("table", [dit_table4, block_designs, sampling_compute])
def test_published_tables_have_the_columns_of_a_curve(table):
    rows = table()
    assert rows["family"].unique().to_list() == ["dit"]
    assert rows["rung"].to_list() == rows["size"].to_list()
    assert rows["series"].to_list() == [f"patch {patch}" for patch in rows["patch"]]
    assert rows.select("model", "model_id").unique().height == rows["model"].n_unique()


def test_every_published_row_has_its_source():
    for name in ("dit_table4", "models", "seed_spread", "feature_spaces", "laws", "counts"):
        table = published(name)
        assert table["provenance"].null_count() == 0
        assert table["source"].null_count() == 0


def test_counts_rise_with_pixels_and_frames_and_parameters_do_not():
    counts = published("counts").with_columns(
        size=pl.col("frames") * pl.col("height") * pl.col("width")
    )
    assert set(counts["family"]) == {"FLUX", "SANA", "Wan", "CogVideoX", "LTX"}
    for _, rows in counts.sort("size").group_by("model"):
        assert rows["params_m"].n_unique() == 1 and rows["gmacs"].is_sorted()
        assert rows["size"].is_unique().all()


@pytest.mark.parametrize(
    ("features", "distance"),
    [("inception", 1.68), ("dinov2-vit-l-14", 14.19), ("clip-vit-b-16", 5.6), ("digits-cnn", None)],
)
def test_the_units_of_fdr_are_those_printed_for_imagenet(features, distance):
    assert heldout_distance(features) == distance
