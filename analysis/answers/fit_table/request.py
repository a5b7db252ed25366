"""What is asked of a table: which column has which role, and which tells series apart?"""

from dataclasses import dataclass

import polars as pl

from analysis.fits.points import Runs

SERIES = ("series", "patch")  # columns that tell series apart where no other is named
MOST_SERIES, LEAST_ROWS = 6, 7  # series, and rows of each


@dataclass(frozen=True)
class FitRequest:
    """A table and what is asked of it: the columns of each role, and how to fit."""

    table: pl.DataFrame
    n: str | None
    d: str | None
    loss: str
    flops: str | None
    x: str | None
    unique: str | None
    cluster: str | None
    delta: float
    bootstrap: int
    curve: str
    method: str
    series: str | None = None

    def runs(self, series: bool = False, **roles: str | None) -> Runs:
        """The rows as runs of n, d, loss and FLOPs, with further ``roles``, and their ``series``
        where a law may differ by them.
        """
        columns = {"n": self.n, "d": self.d, "loss": self.loss, "flops": self.flops}
        return Runs.of(
            self.table, self.cluster, self.told_apart if series else None, **columns, **roles
        )

    @property
    def told_apart(self) -> str | None:
        """The column that tells series apart: the one named, or one of SERIES that no role has and
        that holds a few values of several rows each.
        """
        if self.series:
            return self.series
        taken = {self.n, self.d, self.loss, self.flops, self.x, self.unique, self.cluster}
        for column in SERIES:
            if column in self.table.columns and column not in taken:
                rows = self.table[column].value_counts()["count"]
                if 2 <= len(rows) <= MOST_SERIES and rows.min() >= LEAST_ROWS:
                    return column
        return None
