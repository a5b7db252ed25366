"""Is a study that runs left alone, and is what a cell holds kept in a bundle's tables?"""

import json

import polars as pl
import pytest

from analysis.report import bundle as bundling
from analysis.report.bundle import bundle


def test_a_study_that_is_running_is_not_bundled(half_run, tmp_path):
    with pytest.raises(ValueError, match="1 trial running"):
        bundle(half_run, tmp_path / "half.zip")


def test_a_cell_of_several_values_is_json_in_a_bundles_table():
    parts = [[{"features": "digits-cnn", "fd": 0.5}], None]
    kinds = {"parts": pl.List(pl.Struct({"features": pl.String, "fd": pl.Float64}))}
    text = bundling._csv(pl.DataFrame({"n": [1, 2], "parts": parts}, schema_overrides=kinds))
    read = pl.read_csv(text)
    assert json.loads(read["parts"][0]) == parts[0] and read["parts"][1] is None
