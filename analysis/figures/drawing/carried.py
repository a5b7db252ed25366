"""Which data does a figure show? All that can be read off it as plain values, for comparison."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.drawing.hover import positions


def carried(figure: Figure) -> dict:
    """Everything that a reader could read off ``figure``, in data coordinates. It must be laid out
    before.
    """
    texts = [text.get_text() for text in (figure._suptitle, figure._supxlabel) if text is not None]
    return {
        "texts": texts,
        "panels": [_panel(axes) for axes in figure.axes],
        "values": [text for _, _, text in positions(figure)],
    }


def _panel(axes: Axes) -> dict:
    return {
        "title": axes.get_title(loc="left") or axes.get_title(),
        "x": axes.get_xlabel(),
        "y": axes.get_ylabel(),
        "scales": [axes.get_xscale(), axes.get_yscale()],
        "limits": [_values(axes.get_xlim()), _values(axes.get_ylim())],
        "lines": [
            [_values(line.get_xdata(orig=False)), _values(line.get_ydata(orig=False))]
            for line in axes.lines
        ],
        "points": [_values(c.get_offsets()) for c in axes.collections],
        "areas": [
            [_values(path.vertices) for path in c.get_paths()]
            for c in axes.collections
            if type(c).__name__ in ("PolyCollection", "FillBetweenPolyCollection", "LineCollection")
        ],
        "bars": [
            _values(patch.get_path().transformed(patch.get_patch_transform()).vertices)
            for patch in axes.patches
        ],
        "images": [_values(image.get_array()) for image in axes.images],
        "texts": [text.get_text() for text in axes.texts],
    }


def _values(array) -> list:
    """Nested lists of floats; None where there is no number."""
    numbers = np.ma.filled(np.ma.asarray(array, dtype=float), np.nan)
    return np.where(np.isfinite(numbers), numbers, None).tolist()
