"""Which rows of a table may enter a fit? Those that are finite, positive, of one protocol, and
enough in number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from analysis.text import listed

TIED = 1e-3  # spread of log d about a power of n below which d says nothing of its own
LARGEST = 1e100  # a figure, or one over it, whose square no sum of squares could hold
NO_CLUSTER = "none"  # in a column's place: no two rows share an error
# roles that a law explains; the others say where it was measured
MEASURED = frozenset({"loss", "y", "fid"})


@dataclass(frozen=True)
class Series:
    """What rows may differ by beside what a law explains, such as the patch."""

    column: str
    names: tuple[str, ...]  # of 1, 2, ... in the role series


@dataclass(frozen=True)
class Runs:
    """Columns of equal length, checked: every figure finite and positive, no two rows alike.

    ``names`` (n,) call the rows in messages; ``columns`` maps a role (n, d, loss, flops, ...) to
    its (n,) figures; ``cluster`` (n,) says which training a row comes from: checkpoints of one
    training are not independent. ``apart``: the table says that no two rows share an error, rows
    of one size neither. ``series`` names the values of the role series, where there is one.
    """

    names: tuple[str, ...]
    columns: dict[str, np.ndarray]
    cluster: np.ndarray
    apart: bool = False
    series: Series | None = None

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, role: str) -> np.ndarray:
        return self.columns[role]

    def take(self, keep: np.ndarray) -> "Runs":
        """The rows ``keep`` (a mask or indices, (n,)), in their order."""
        index = np.arange(len(self))[keep]
        return Runs(
            tuple(self.names[i] for i in index),
            {role: v[index] for role, v in self.columns.items()},
            self.cluster[index],
            self.apart,
            self.series,
        )

    @classmethod
    def of(
        cls,
        table: pl.DataFrame,
        cluster: str | None = None,
        series: str | None = None,
        **roles: str | None,
    ) -> "Runs":
        """Rows of ``table``; each keyword names the column of a role (``n="params"``; None leaves
        the role out).

        ``cluster`` names the column that says which training a row comes from; every row its own
        without one, and NO_CLUSTER says that rows of one size are independent too. A column
        ``state`` keeps completed trials only; a column ``protocol`` must hold one value.
        ValueError names the rows that hold no figure, none finite, none positive, or that are
        there twice.
        """
        asked = {role: column for role, column in roles.items() if column is not None}
        apart = cluster == NO_CLUSTER and cluster not in table.columns
        cluster = None if apart else cluster
        wanted = [*asked.values(), *([cluster] if cluster else []), *([series] if series else [])]
        missing = [column for column in wanted if column not in table.columns]
        if missing:
            raise ValueError(
                f"no column {', '.join(missing)}; the table has {', '.join(table.columns)}"
            )
        kept = _completed(table)
        names = row_names(kept)
        columns = {role: _values(kept, column, names) for role, column in asked.items()}
        clusters = (
            np.arange(len(kept)) if cluster is None else kept[cluster].cast(pl.String).to_numpy()
        )
        called = None
        if series is not None:
            called, columns["series"] = _series(kept[series])
        runs = cls.checked(names, columns, clusters, asked | {"series": "series"})
        if "trial_id" in kept.columns:
            _refuse_twice(kept["trial_id"], columns, names)
        return replace(runs, apart=apart, series=called)

    @classmethod
    def checked(
        cls,
        names: Sequence[str],
        columns: dict[str, np.ndarray],
        cluster: np.ndarray,
        called: dict[str, str] | None = None,
    ) -> "Runs":
        """The same from arrays; ``called`` gives the column's name of a role, for messages."""
        called = called or {role: role for role in columns}
        for role, values in columns.items():
            if bad := [i for i in range(len(values)) if not np.isfinite(values[i])]:
                raise ValueError(
                    f"{called[role]} is no number in {listed(names, bad)}; "
                    "measure it again or leave the row out"
                )
            if bad := [i for i in range(len(values)) if values[i] <= 0]:
                raise ValueError(
                    f"{called[role]} is {values[bad[0]]:g} in {listed(names, bad)}, which has no "
                    "logarithm; leave the row out or measure it again"
                )
            if bad := [i for i in range(len(values)) if not 1 / LARGEST < values[i] < LARGEST]:
                raise ValueError(
                    f"{called[role]} is {values[bad[0]]:g} in {listed(names, bad)}, beyond what "
                    "can be computed "
                    "with; give it in another unit"
                )
        if columns:
            rows = np.column_stack(list(columns.values()))
            _, first, times = np.unique(rows, axis=0, return_index=True, return_counts=True)
            if (times > 1).any():
                alike = np.flatnonzero((rows == rows[first[np.argmax(times)]]).all(1))
                raise ValueError(f"{listed(names, alike)} hold the same figures; keep one of them")
        return cls(tuple(names), columns, np.asarray(cluster))


def need(count: int, least: int, law: str, what: str = "runs", instead: str = "") -> None:
    """ValueError below the ``least`` number of points a law can be fitted to; ``instead`` names
    what these can be given to.
    """
    if count < least:
        raise ValueError(
            f"{law} needs {least} {what} or more, found {count}; add {least - count}"
            + (f", or {instead}" if instead else "")
        )


def need_spread(runs: Runs, role: str, least: int, law: str) -> None:
    """ValueError where ``role`` takes fewer than ``least`` different values."""
    values = np.unique(runs[role])
    if len(values) < least:
        shown = ", ".join(f"{v:g}" for v in values)
        raise ValueError(
            f"{law} needs {least} different values of {role}, found {len(values)} ({shown}) in "
            f"{listed(runs.names, range(len(runs)))}"
        )


def need_apart(runs: Runs, law: str) -> None:
    """ValueError where n and d lie on one line (log axes): what a term of each does could be the
    other's.
    """
    log_n, log_d = np.log(runs["n"]), np.log(runs["d"])
    power, level = np.polyfit(log_n, log_d, 1)
    if np.ptp(log_d - power * log_n) < TIED:
        raise ValueError(
            f"{law} needs n and d apart, and here d is {np.exp(level):.3g} n^{power:.3g} in every "
            "row: which "
            "of them lowers the loss cannot be told; train some sizes on more or less"
        )


def row_names(table: pl.DataFrame) -> list[str]:
    """``trial_id`` (or ``name``, ``model``) where it tells rows apart, else the row's place: ``row
    3``, from 1.
    """
    for column in ("trial_id", "name", "model"):
        if (
            column in table.columns
            and not table[column].is_duplicated().any()
            and not table[column].has_nulls()
        ):
            return [str(value) for value in table[column]]
    place = table["__row"] if "__row" in table.columns else range(1, len(table) + 1)
    return [f"row {i}" for i in place]


def _completed(table: pl.DataFrame) -> pl.DataFrame:
    kept = table.with_row_index("__row", offset=1)
    if "state" in table.columns:
        kept = kept.filter(pl.col("state") == "completed")
        if kept.is_empty():
            states = ", ".join(
                f"{n} {state}" for state, n in table.group_by("state").len().sort("state").rows()
            )
            raise ValueError(
                f"no trial is completed ({states or 'no trials'}); there is nothing to fit"
            )
    if table.is_empty():
        raise ValueError("the table has no rows; there is nothing to fit")
    if "protocol" in kept.columns and kept["protocol"].n_unique() > 1:
        names, protocols = row_names(kept), kept["protocol"].to_list()
        other = next(i for i, p in enumerate(protocols) if p != protocols[0])
        raise ValueError(
            f"{kept['protocol'].n_unique()} protocols are mixed, as in {names[0]} and "
            f"{names[other]}; "
            "their figures do not belong on one axis, fit them apart"
        )
    return kept


def _refuse_twice(trials: pl.Series, columns: dict[str, np.ndarray], names: Sequence[str]) -> None:
    """ValueError where one trial has two figures at the same place: it was measured, or copied,
    twice.
    """
    place = pl.DataFrame(
        {"trial": trials} | {role: v for role, v in columns.items() if role not in MEASURED}
    )
    twice = place.filter(place.is_duplicated())
    if len(twice):
        alike = [i for i, row in enumerate(place.rows()) if row == twice.row(0)]
        raise ValueError(
            f"trial {twice['trial'][0]} is there {len(alike)} times ({listed(names, alike)}); keep "
            "one of them"
        )


def _series(values: pl.Series) -> tuple[Series, np.ndarray]:
    """The names of ``values``, in the order in which they are met, and the place of each (n,)."""
    told = values.cast(pl.String).fill_null("none")
    names = told.unique(maintain_order=True).to_list()
    place = {name: i for i, name in enumerate(names, 1)}
    return Series(values.name, tuple(names)), np.array([place[v] for v in told], float)


def _values(table: pl.DataFrame, column: str, names: Sequence[str]) -> np.ndarray:
    values = table[column]
    if not values.dtype.is_numeric():
        cast = values.cast(pl.Float64, strict=False)
        bad = np.flatnonzero((cast.is_null() & values.is_not_null()).to_numpy())
        if len(bad):
            raise ValueError(
                f"{column} is no number in {listed(names, bad)}: {values[int(bad[0])]!r}; write "
                "plain numbers, such as 125000000 or 1.25e8, and leave out rows that have none"
            )
        values = cast
    empty = np.flatnonzero(values.is_null().to_numpy())
    if len(empty):
        raise ValueError(
            f"{column} is empty in {listed(names, empty)}; leave the row out or measure it"
        )
    return values.cast(pl.Float64).to_numpy().copy()
