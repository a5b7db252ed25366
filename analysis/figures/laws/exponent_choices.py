"""How far does the exponent move with choices that are seldom reported?"""

import polars as pl
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import mark
from analysis.figures.drawing.style import (
    GREY,
    entitle,
    hues,
    styled,
)
from analysis.text import SPOKEN, fixed, interval


@styled
def exponent_choices(
    table: pl.DataFrame,
    title: str = "The exponent, by choices that are seldom reported",
    note: str = "",
) -> Figure:
    """A row per choice of ``spread`` in ``answers.exponent_choices``: its slope and 95 % interval,
    over the band of the reference.

    ``note`` says what the trials share.
    """
    rows = table.filter(pl.col("slope").is_not_null()).to_dicts()
    figure = Figure(figsize=(7.6, 1.4 + 0.34 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    kinds = {row["choice"]: None for row in rows}
    colours = hues(kinds)
    axes.axvspan(rows[0]["low"], rows[0]["high"], color=GREY, alpha=0.13, linewidth=0)
    axes.axvline(rows[0]["slope"], color=GREY, linestyle="--", linewidth=1)
    for y, row in enumerate(rows):
        axes.errorbar(
            row["slope"],
            y,
            xerr=[[row["slope"] - row["low"]], [row["high"] - row["slope"]]],
            marker="o",
            color=colours[row["choice"]],
            capsize=3,
            markersize=6,
        )
    mark(
        axes,
        [row["slope"] for row in rows],
        range(len(rows)),
        (
            f"{_named(row)}: {fixed(row['slope'])} {interval((row['low'], row['high']))}, "
            f"{row['models']} models"
            for row in rows
        ),
    )
    axes.set_yticks(range(len(rows)), map(_named, rows))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("slope of log metric on log axis")
    entitle(
        figure,
        title,
        "Bars and band: 95 %, Student's t over models. Slopes of another metric or axis are of "
        "other "
        f"quantities: where they differ, a report must say which was chosen. {note}",
    )
    return figure


def _named(row: dict) -> str:
    """A choice in words: ``FID on Gflops``, ``metric: KID``, ``without: XL``."""
    choice, setting = (
        row["choice"],
        " ".join(SPOKEN.get(word, word) for word in row["setting"].split(" ")),
    )
    return setting if choice == "reference" else f"{SPOKEN.get(choice, choice)}: {setting}"
