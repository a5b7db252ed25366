"""Are rows that cannot enter a fit refused by name?"""

import numpy as np
import polars as pl
import pytest

from analysis.fits.points import Runs, listed, need, need_spread


def frame(**more) -> pl.DataFrame:
    return pl.DataFrame({"n": [1.0, 2, 3], "loss": [3.0, 2, 1]} | more)


def test_rows_and_clusters():
    runs = Runs.of(frame(run=["a", "a", "b"]), cluster="run", n="n", loss="loss")
    assert runs.names == ("row 1", "row 2", "row 3")
    assert list(runs.cluster) == ["a", "a", "b"]
    assert list(runs.take(np.array([False, True, True]))["loss"]) == [2, 1]


@pytest.mark.parametrize(
    "table, told",
    [
        (frame(loss=[3.0, float("nan"), 1]), "loss is no number in row 2"),
        (frame(loss=[3.0, None, 1]), "loss is empty in row 2; leave the row out"),
        (frame(loss=["3", "x", "1"]), "loss is no number in row 2: 'x'"),
        (frame(loss=[3.0, float("inf"), 1]), "loss is no number in row 2"),
        (frame(loss=[3.0, 0.0, 1]), "loss is 0 in row 2, which has no logarithm"),
        (frame(n=[1.0, -2, 3]), "n is -2 in row 2"),
        (
            frame(n=[1.0, 2, 1e299]),
            r"n is 1e\+299 in row 3, beyond what can be computed with; give it in another unit",
        ),
        (frame(loss=[3.0, 1e-300, 1]), "loss is 1e-300 in row 2, beyond"),
        (frame(n=[1.0, 1, 3], loss=[3.0, 3, 1]), "row 1, row 2 hold the same figures; keep one"),
        (frame(protocol=["a", "a", "b"]), "2 protocols are mixed, as in row 1 and row 3"),
        (frame(state=["diverged"] * 3), r"no trial is completed \(3 diverged\)"),
        (frame().head(0), "the table has no rows"),
        (frame().drop("n"), "no column n; the table has loss"),
    ],
)
def test_bad_input_names_the_rows(table, told):
    with pytest.raises(ValueError, match=told):
        Runs.of(table, n="n", loss="loss")


def test_trials_that_diverged_or_run_are_no_members():
    runs = Runs.of(
        frame(
            loss=[3.0, None, 1],
            state=["completed", "diverged", "completed"],
            trial_id=["a", "b", "c"],
        ),
        n="n",
        loss="loss",
    )
    assert runs.names == ("a", "c")


def test_rows_keep_their_place_when_others_go():
    with pytest.raises(ValueError, match="row 3"):
        Runs.of(
            frame(loss=[3.0, None, -1], state=["completed", "diverged", "completed"]),
            n="n",
            loss="loss",
        )


def test_too_few_says_how_many():
    with pytest.raises(ValueError, match="a line needs 3 runs or more, found 1; add 2"):
        need(1, 3, "a line")
    with pytest.raises(
        ValueError,
        match=r"a line needs 4 different values of n, found 3 \(1, 2, 3\) in row 1, row 2",
    ):
        need_spread(Runs.of(frame(), n="n"), "n", 4, "a line")
    assert listed("abcdef", range(6)) == "a, b, c, d and 2 more"
