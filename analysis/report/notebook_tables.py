"""Shows a table in a notebook with numbers as a report writes them."""

import pandas
import polars as pl

from analysis.text import number

DIGITS = 4


def shown(table: pl.DataFrame) -> pandas.DataFrame:
    """``table`` as text to be read; pandas alone would show a null as NaN, and a column of integers
    with one as floats.
    """
    return pandas.DataFrame({column.name: [_cell(value) for value in column] for column in table})


def _cell(value: str | bool | int | float | None) -> str:
    # 0.012 is no 0.01200: a rate that was set, or a correlation as printed
    if isinstance(value, float):
        return number(
            value,
            next((n for n in range(1, DIGITS) if float(f"{value:.{n - 1}e}") == value), DIGITS),
        )
    return str(value) if isinstance(value, str | bool) else number(value)
