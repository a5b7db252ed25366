"""How are the cells of a column read? As numbers if all are written in one way, else as text."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

import polars as pl

# How programs write that there is no value; NaN stays, as whoever wants a number refuses it by row
EMPTY = frozenset(
    "na n/a n.a. n.a #n/a <na> nat null none nil - -- --- \u2013 \u2014 ? . missing".split(" ")
) | {""}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf(inity)?|nan)", re.IGNORECASE)
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")  # 1,234,567.8
SPACES = "[ \u00a0\u2009\u202f_'\u2019]"
SPACED = re.compile(rf"[+-]?\d{{1,3}}({SPACES}\d{{3}})+([.,]\d*)?")  # 1 234 567
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
GROUPED_BY_POINT = re.compile(r"[+-]?\d{1,3}(\.\d{3})+")  # or with three decimals
SURE_POINT = re.compile(
    r"[+-]?(\d*\.(\d{1,2}|\d{4,})|\d{4,}\.\d*|0?\.\d+|\d*\.\d+[eE][+-]?\d+|\d{1,3}(,\d{3})+\.\d*"
    r"|\d{1,3}(,\d{3}){2,})"
)
SURE_COMMA = re.compile(
    r"[+-]?(\d*,(\d{1,2}|\d{4,})|\d{4,},\d*|0,\d+|\d*,\d+[eE][+-]?\d+|\d{1,3}(\.\d{3})+,\d*"
    r"|\d{1,3}(\.\d{3}){2,})"
)


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


class Marks(NamedTuple):
    """Which decimal marks the cells of a table show beyond doubt."""

    point: bool
    comma: bool

    @classmethod
    def of(cls, cells: Iterable[str], separator: str) -> "Marks":
        """Where commas separate cells, a point is one beyond doubt."""
        seen = set(cells)
        point = (
            re.compile(f"{SURE_POINT.pattern}|[+-]?\\d*\\.\\d+") if separator == "," else SURE_POINT
        )
        return cls(any(map(point.fullmatch, seen)), any(map(SURE_COMMA.fullmatch, seen)))


def series_of(cells: list[str], marks: Marks, called: str, where: dict[str, int]) -> pl.Series:
    """Numbers if every cell is one in one way of writing them; otherwise text.

    ``marks`` are the table's. ``called`` is the file and column for messages, and ``where`` the
    line of a cell. ValueError where a point or comma may be either mark.
    """
    full = [cell for cell in cells if cell.lower() not in EMPTY]
    commas = [cell for cell in full if "," in cell]
    if all(map(is_number, full)):
        pointed = [cell for cell in full if "." in cell]
        if pointed and marks == (False, True) and all(map(GROUPED_BY_POINT.fullmatch, pointed)):
            _refuse_guess(pointed[0], ".", called, where)
        return _numbers(cells, lambda cell: cell)
    if all(is_number(cell) or GROUPED.fullmatch(cell) for cell in full):
        may_be_decimal = all(map(DECIMAL_COMMA.fullmatch, commas)) and _no_point(full)
        if may_be_decimal and marks == (False, True):
            return _numbers(cells, lambda cell: cell.replace(",", "."))
        if may_be_decimal and marks != (True, False):
            _refuse_guess(commas[0], ",", called, where)
        return _numbers(cells, lambda cell: cell.replace(",", ""))
    if commas and all(DECIMAL_COMMA.fullmatch(c) or re.fullmatch(r"[+-]?\d+", c) for c in full):
        return _numbers(cells, lambda cell: cell.replace(".", "").replace(",", "."))
    if all(is_number(cell) or SPACED.fullmatch(cell) for cell in full):
        return _numbers(cells, lambda cell: re.sub(SPACES, "", cell).replace(",", "."))
    return pl.Series([cell or None for cell in cells], dtype=pl.String)


def _refuse_guess(cell: str, mark: str, called: str, where: dict[str, int]) -> None:
    raise ValueError(
        f"{called}, line {where[cell]}: {cell!r} may be {cell.replace(mark, '')} or "
        f"{cell.replace(mark, '.')}; write numbers with a decimal point and no other mark"
    )


def _no_point(cells: list[str]) -> bool:
    return not any("." in cell for cell in cells)


def _numbers(cells: list[str], plain: Callable[[str], str]) -> pl.Series:
    """The cells as whole numbers where all are written so, else as floats."""
    written = [None if cell.lower() in EMPTY else plain(cell) for cell in cells]
    values = [None if text is None else float(text) for text in written]
    if any(v is not None for v in values) and all(
        v is None or (abs(v) < 2**53 and re.fullmatch(r"[+-]?\d+", text))
        for v, text in zip(values, written)
    ):
        return pl.Series([None if v is None else int(v) for v in values], dtype=pl.Int64)
    return pl.Series(values, dtype=pl.Float64)
