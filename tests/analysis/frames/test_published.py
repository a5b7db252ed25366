"""Have published tables the columns of a curve?"""

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
    for name in ("dit_table4", "models", "seed_spread", "feature_spaces", "laws"):
        table = published(name)
        assert table["provenance"].null_count() == 0
        assert table["source"].null_count() == 0


@pytest.mark.parametrize(
    ("features", "distance"),
    [("inception", 1.68), ("dinov2-vit-l-14", 14.19), ("clip-vit-b-16", 5.6), ("digits-cnn", None)],
)
def test_the_units_of_fdr_are_those_printed_for_imagenet(features, distance):
    assert heldout_distance(features) == distance
