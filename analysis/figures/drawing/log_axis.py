"""How does a log axis look? Plain labels, as many as fit, and unlabelled ticks between them."""

import math

import numpy as np
from matplotlib import rcParams
from matplotlib.artist import Artist, allow_rasterization
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import (
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
    NullLocator,
)

LABELLED = 1e-5  # of the axis: an unlabelled tick this close to a labelled one is not drawn


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
    axis.set_minor_locator(NullLocator())
    shared = axes.get_shared_x_axes() if is_x else axes.get_shared_y_axes()
    for sibling in shared.get_siblings(axes):
        if not any(isinstance(a, MinorTicks) and a.is_x == is_x for a in sibling.artists):
            sibling.add_artist(MinorTicks(sibling.xaxis if is_x else sibling.yaxis))


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


class MinorTicks(Artist):
    """The unlabelled ticks of a log axis.

    They are one artist: matplotlib's own are five each, laid out with the labels, and took a third
    of the time of a figure.
    """

    def __init__(self, axis: Axis):
        super().__init__()
        self.is_x = axis is axis.axes.xaxis
        self._axis, self._locator = axis, LogLocator(subs="auto")
        self._locator.set_axis(axis)
        name = "x" if self.is_x else "y"
        self._marker = Line2D(
            [],
            [],
            linestyle="none",
            color=rcParams[f"{name}tick.color"],
            marker=TICKDOWN if self.is_x else TICKLEFT,
            markersize=rcParams[f"{name}tick.minor.size"],
            markeredgewidth=rcParams[f"{name}tick.minor.width"],
        )
        self.set_zorder(axis.get_zorder())
        self.set_in_layout(False)

    @allow_rasterization
    def draw(self, renderer) -> None:
        axes = self._axis.axes
        low, high = np.log(sorted(self._axis.get_view_interval()))
        labelled, places = np.log(self._axis.get_majorticklocs()), np.log(self._locator())
        near = LABELLED * (high - low)
        inside = (places >= low - near) & (places <= high + near)
        alone = (np.abs(places[:, None] - labelled[None]) > near).all(axis=1)
        along = np.exp(places[inside & alone])
        ends = np.zeros_like(along)
        self._marker.set_figure(self.get_figure())
        self._marker.set_transform(
            axes.get_xaxis_transform("tick1") if self.is_x else axes.get_yaxis_transform("tick1")
        )
        self._marker.set_data(*((along, ends) if self.is_x else (ends, along)))
        self._marker.draw(renderer)
