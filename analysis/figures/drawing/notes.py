"""What does a figure say around its panels? How its trials were trained, and what it lacks."""

import textwrap

import polars as pl
from matplotlib.axes import Axes

from analysis.figures.drawing.style import INK
from analysis.text import count, listed


def lost_note(lost: list[str], early: bool = False) -> str:
    """A sentence that names the dotted trials; empty where none is. ``early``: ASHA stopped some
    of them.
    """
    states = "diverged, failed or stopped early" if early else "diverged or failed"
    return f"Dotted: {states}, in no mean ({listed(lost, range(len(lost)))}). " if lost else ""


def say_far(axes: Axes, words: str) -> None:
    """Add the warning ``words`` of ``holdout.far`` to the title of ``axes``; nothing where they are
    empty.
    """
    if words:
        letters = int(12.5 * axes.get_position().width * axes.figure.get_figwidth())
        warning = textwrap.fill(
            f"{words[0].upper()}{words[1:]}: nothing checks a law there.", letters
        )
        before = axes.get_title(loc="left")
        axes.set_title(
            f"{before}\n{warning}" if before else warning, loc="left", fontsize=9, color=INK
        )


def settings_note(frame: pl.DataFrame, lr: bool = True, sampling: bool = True) -> str:
    """How the drawn trials were trained and measured, in a line."""
    shared = {"data": "data", **({"sampling": "sampling"} if sampling else {}), "ema": "weights"}
    parts = [
        f"{word}: {_values_text(frame, column)}"
        for column, word in shared.items()
        if column in frame.columns
    ]
    parts.append(f"batch {_values_text(frame, 'batch')}")
    if "steps" in frame.columns:
        parts.append(f"{range_text(frame['steps'], ',')} steps")
    if lr:
        parts.append(f"learning rate {range_text(frame['lr'], 'g')}")
    line = "; ".join(parts)
    return f"{line[0].upper()}{line[1:]}."


def done_note(trials: pl.DataFrame) -> str:
    """How many trials are completed; empty where all of them are."""
    done = int((trials["state"] == "completed").sum())
    return (
        ""
        if done == len(trials)
        else f" Unfinished: {done} of {count(len(trials), 'trial')} completed."
    )


def range_text(values: pl.Series, form: str) -> str:
    low, high = values.min(), values.max()
    return format(low, form) + (f" to {format(high, form)}" if high > low else "")


def _values_text(frame: pl.DataFrame, column: str) -> str:
    values = frame[column].unique(maintain_order=True)
    return " or ".join(map(str, values)) if len(values) < 4 else f"{len(values)} values of {column}"
