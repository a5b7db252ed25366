"""How do figures look? One style for all: safe for colour-blind readers, legible at the width of a
README.
"""

import functools
import textwrap
from collections.abc import Collection, Hashable
from typing import TypeVar

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.palettes import colorblind, flare

Key = TypeVar("Key", bound=Hashable)

INK, GREY, FAINT = "#1b1f24", "#59636e", "#d8dde3"
MARKERS = "osD^vPX*"
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.titlesize": 10,
    "axes.titley": 1.0,  # no ticks are above the axes: titles are not moved clear of them
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "dit-scaling",
}


def styled(draw):
    """Decorate ``draw`` to run under STYLE and leave matplotlib's settings as they were."""

    @functools.wraps(draw)
    def inside(*args, **kwargs) -> Figure:
        with matplotlib.rc_context(STYLE):
            return draw(*args, **kwargs)

    return inside


def hues(keys: Collection[Key]) -> dict[Key, tuple]:
    """A colour per key, in their order; the first is always blue."""
    return dict(zip(keys, colorblind(len(keys)), strict=True))


def shades(keys: Collection[Key]) -> dict[Key, tuple]:
    """A colour per key, from light to dark in their order."""
    return dict(zip(keys, flare(len(keys)), strict=True))


def shapes(keys: Collection[Key]) -> dict[Key, str]:
    """A marker per key, in their order."""
    return {key: MARKERS[i % len(MARKERS)] for i, key in enumerate(keys)}


def entitle(figure: Figure, title: str, note: str = "") -> None:
    """A title above and a note below, both at the left edge; constrained layout keeps them clear of
    the axes.
    """
    figure.suptitle(title, x=0.008, ha="left", fontsize=12, fontweight="bold")
    if note:
        text = "\n".join(textwrap.wrap(note, int(14.5 * figure.get_figwidth())))
        figure.supxlabel(text, x=0.008, ha="left", fontsize=8, color=GREY)


def subtitle(axes: Axes, text: str, width: int = 100) -> None:
    axes.set_title("\n".join(textwrap.wrap(text, width)), loc="left", fontsize=9, color=GREY)


def legend(owner: Axes | Figure, groups: dict[str, list[tuple]], **where) -> None:
    """A legend of (handle, label) pairs in groups, each under its name in bold."""
    entries = []
    for name, members in groups.items():
        entries.append((Line2D([], [], linestyle="none"), name, True))
        entries += [(handle, label, False) for handle, label in members]
    handles, labels, heads = zip(*entries)
    for text, head in zip(owner.legend(handles, labels, **where).get_texts(), heads):
        text.set_fontweight("bold" if head else "normal")
