"""Are columns known however they are spelled, and states told in our words?"""

from pathlib import Path

import polars as pl
import pytest

from analysis.frames.foreign_names import known_columns

FILE = Path("runs.csv")


def known(**columns) -> dict[str, list]:
    found = known_columns(FILE, {name: pl.Series(name, v) for name, v in columns.items()})
    return {name: column.to_list() for name, column in found.items()}


def test_columns_are_known_by_any_case_and_others_are_left_out():
    assert known(Loss=[1.5], FID=[9.0], colour=["red"]) == {"loss": [1.5], "fid": [9.0]}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("COMPLETED", "completed"),
        ("TERMINATED", "completed"),  # Ray Tune's
        ("CANCELLED by 1000", "stopped"),  # Slurm's
        ("CANCELLED+", "stopped"),  # as sacct cuts it
        ("OUT_OF_MEMORY", "failed"),
        ("diverged", "diverged"),
        (None, None),
    ],
)
def test_a_state_is_told_in_our_words(written, meant):
    assert known(State=["done", written])["state"] == ["completed", meant]


def test_a_status_is_a_state_where_it_holds_nothing_else():
    assert known(Status=["finished", None])["state"] == ["completed", None]
    assert "state" not in known(status=["finished", "published"])
    assert "state" not in known(status=pl.Series([None, None], dtype=pl.String))
    # a column that is called state goes before it
    assert known(state=["failed"], status=["finished"])["state"] == ["failed"]


def test_what_is_in_doubt_is_refused_with_the_row_and_the_way_out():
    with pytest.raises(ValueError, match=r"runs\.csv: the columns loss and Loss may both be 'los"):
        known(loss=[1.0], Loss=[2.0])
    with pytest.raises(ValueError, match=r"columns status and run_status may both be 'state'; re"):
        known(status=["done"], run_status=["failed"])
    with pytest.raises(
        ValueError,
        match=r"runs\.csv, column 'state', row 3: 'ohio' is no state .* completed, failed, stopped",
    ):
        known(state=["done", None, "Ohio"])
