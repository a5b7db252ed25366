"""Which text does a page show when the reader points at a mark? Texts at points of a figure.

A figure function attaches texts to its marks; the page places them over the picture. A picture
saved to a file does not contain them.
"""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_POINTS = "hover_points"  # the attribute of a Figure


def mark(axes: Axes, x: Iterable[float], y: Iterable[float], texts: Iterable[str]) -> None:
    """Attach ``texts`` to the data coordinates (x, y) of ``axes``."""
    figure = axes.figure
    if not hasattr(figure, _POINTS):
        setattr(figure, _POINTS, [])
    getattr(figure, _POINTS).extend((axes, *point) for point in zip(x, y, texts, strict=True))


def positions(figure: Figure) -> list[tuple[float, float, str]]:
    """(left, top, text) of every mark, in per cent of the picture. The figure must be laid out
    before.
    """
    width, height = figure.bbox.width, figure.bbox.height
    placed = []
    for axes, x, y, text in getattr(figure, _POINTS, []):
        across, up = axes.transData.transform((x, y))
        placed.append((round(100 * across / width, 3), round(100 * (1 - up / height), 3), text))
    return placed
