"""Is the column that tells series apart found, and left alone where it has another role?"""

import polars as pl

from analysis.answers.fit_table.request import FitRequest


def test_a_column_that_tells_patches_is_found():
    def told_apart(series=None, n="params", **columns):
        table = pl.DataFrame({"params": range(16)} | columns)
        return FitRequest(
            table, n, None, "loss", None, None, None, None, 1e-3, 0, "auto", "", series
        ).told_apart

    two = [2, 4] * 8
    assert told_apart(patch=two) == "patch"
    assert told_apart() is None and told_apart(kind=two) is None
    assert told_apart("kind", kind=two, patch=two) == "kind"
    assert told_apart(n="patch", patch=two) is None  # a role of its own
    assert told_apart(patch=range(16)) is None and told_apart(patch=[2] * 12 + [4] * 4) is None
