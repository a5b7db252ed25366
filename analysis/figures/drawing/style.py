"""How do figures look? One style for all: safe for colour-blind readers, legible at the width of a
README.
"""

import functools
import math
import textwrap
from collections.abc import Collection, Hashable
from typing import TypeVar

import matplotlib
import seaborn
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

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
    return dict(zip(keys, seaborn.color_palette("colorblind", len(keys)), strict=True))


def shades(keys: Collection[Key]) -> dict[Key, tuple]:
    """A colour per key, from light to dark in their order."""
    return dict(zip(keys, seaborn.color_palette("flare", len(keys)), strict=True))


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


def log_axis(axis: Axis, narrow: bool = False) -> None:
    """Log scale with plain labels, as many as span and room allow. Call it when the data is
    drawn.
    """
    axes = axis.axes
    is_x = axis is axes.xaxis
    (axes.set_xscale if is_x else axes.set_yscale)("log")
    low, high = axes.get_xlim() if is_x else axes.get_ylim()
    decades = math.log10(high / low)
    if decades > (1.5 if narrow else 3.2):
        axis.set_major_locator(LogLocator(numticks=12))
    elif narrow:
        axis.set_major_locator(LogLocator(subs=(1, 3), numticks=12))
    elif decades > 1.3:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
    elif decades > 0.6:
        axis.set_major_locator(LogLocator(subs=(1, 2, 3, 5), numticks=12))
    elif decades > 0.3:
        axis.set_major_locator(
            LogLocator(subs=(1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8), numticks=12)
        )
    else:
        axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: tick(value)))
    axis.set_minor_formatter(NullFormatter())


def tick(value: float) -> str:
    """``0.05``, ``1,000``, ``2e-5`` as a power of ten."""
    if value <= 0:
        return ""
    exponent = math.floor(math.log10(value) + 1e-9)
    if -3 < exponent < 5:
        return f"{value:,.6g}"
    mantissa = value / 10.0**exponent
    power = "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return power if abs(mantissa - 1) < 1e-6 else f"{mantissa:g}·{power}"
