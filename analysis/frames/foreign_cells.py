"""How are the cells of a column read? As numbers if all are written in one way, else as text."""

import re
from collections.abc import Callable

import polars as pl

# How programs write that there is no value; NaN stays, as whoever wants a number refuses it by row
EMPTY = {"", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "-", "--", "?", "missing"}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf(inity)?|nan)", re.IGNORECASE)
GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?")  # 1,234,567.8
SPACES = "[ \u00a0\u202f_'\u2019]"
SPACED = re.compile(rf"[+-]?\d{{1,3}}({SPACES}\d{{3}})+([.,]\d*)?")  # 1 234 567
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+([eE][+-]?\d+)?|[+-]?\d{1,3}(\.\d{3})+(,\d+)?")


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


def series_of(cells: list[str], separator: str, called: str, where: dict[str, int]) -> pl.Series:
    """Numbers if every cell is one in one way of writing them; otherwise text.

    ``called`` is the file and column for messages, and ``where`` the line of a cell.
    """
    full = [cell for cell in cells if cell.lower() not in EMPTY]
    commas = [cell for cell in full if "," in cell]
    if all(map(is_number, full)):
        return _numbers(cells, lambda cell: cell)
    if all(is_number(cell) or GROUPED.fullmatch(cell) for cell in full):
        if separator != "," and all(map(DECIMAL_COMMA.fullmatch, commas)) and _no_point(full):
            cell = commas[0]
            raise ValueError(
                f"{called}, line {where[cell]}: {cell!r} may be {cell.replace(',', '')} or "
                f"{cell.replace(',', '.')}; write numbers with a decimal point and no other mark"
            )
        return _numbers(cells, lambda cell: cell.replace(",", ""))
    if commas and all(DECIMAL_COMMA.fullmatch(c) or re.fullmatch(r"[+-]?\d+", c) for c in full):
        return _numbers(cells, lambda cell: cell.replace(".", "").replace(",", "."))
    if all(is_number(cell) or SPACED.fullmatch(cell) for cell in full):
        return _numbers(cells, lambda cell: re.sub(SPACES, "", cell).replace(",", "."))
    return pl.Series([cell or None for cell in cells], dtype=pl.String)


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
