"""Does a log axis look as matplotlib draws one, with labels that can be read?"""

import numpy as np
import pytest
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from analysis.figures.drawing.log_axis import MinorTicks, log_axis, tick
from analysis.figures.drawing.style import STYLE


def drawn(own: bool, low: float, high: float) -> np.ndarray:
    """The pixels of two panels that share their axes, with our unlabelled ticks or matplotlib's."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6, 3), layout="constrained")
        first, second = figure.subplots(1, 2, sharex=True, sharey=True)
        for axes in (first, second):
            axes.plot([low, high], [low, high])
        for axis in (first.xaxis, first.yaxis):
            log_axis(axis)
        if not own:
            for axes in (first, second):
                for artist in [a for a in axes.artists if isinstance(a, MinorTicks)]:
                    artist.remove()
            for axis in (first.xaxis, first.yaxis):
                axis.set_minor_locator(LogLocator(subs="auto"))
                axis.set_minor_formatter(NullFormatter())
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba()).copy()


@pytest.mark.parametrize(("low", "high"), [(0.02, 3e4), (1.0, 30.0), (2.0, 3.0), (1e-5, 1e-3)])
def test_unlabelled_ticks_are_where_matplotlib_has_them(low, high):
    ours, theirs = (drawn(own, low, high).astype(int) for own in (True, False))
    assert np.abs(ours - theirs).max() <= 1  # of 255, where a tick meets its grid line


def test_an_axis_that_is_made_logarithmic_twice_has_its_ticks_once():
    figure = Figure()
    first, second = figure.subplots(1, 2, sharex=True)
    for axes in (first, second):
        axes.plot([1, 100], [1, 100])
        log_axis(axes.xaxis)
    assert [len(axes.artists) for axes in (first, second)] == [1, 1]


@pytest.mark.parametrize(
    ("value", "label"),
    [(0.05, "0.05"), (1000, "1,000"), (2e-5, "2·10⁻⁵"), (1e18, "10¹⁸"), (0, "")],
)
def test_labels_are_plain_numbers_or_powers_of_ten(value, label):
    assert tick(value) == label
