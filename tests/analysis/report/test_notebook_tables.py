"""Does a table in a notebook say what is not known, and leave whole and round numbers as they
are?
"""

import polars as pl
import pytest

from analysis.report.notebook_tables import shown


def test_a_null_is_a_dash_and_an_integer_beside_it_stays_whole():
    table = shown(
        pl.DataFrame(
            {
                "model": ["a", None],
                "n": [12_000, None],
                "fid": [None, -0.0123456],
                "held": [True, False],
            }
        )
    )
    assert table.to_dict("list") == {
        "model": ["a", "—"],
        "n": ["12,000", "—"],
        "fid": ["—", "−0.01235"],
        "held": ["True", "False"],
    }


def test_digits_that_say_nothing_are_not_added():
    assert shown(pl.DataFrame({"lr": [0.012, 100.0, 57.90129, 2e10, 0.0]}))["lr"].to_list() == [
        "0.012",
        "100",
        "57.90",
        "2e10",
        "0",
    ]


def test_nan_is_no_figure():
    with pytest.raises(ValueError, match="nan is not a figure"):
        shown(pl.DataFrame({"fid": [float("nan")]}))
