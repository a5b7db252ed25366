"""Can every name of a bubble be read?"""

import itertools

from analysis.figures import published
from analysis.figures.compute import bubbles, gflops
from analysis.frames import trials_frame
from analysis.report.pictures import images
from tests.analysis.figures.reading import words_of
from tests.analysis.networks import GRID, Convolutions
from tests.analysis.synthetic_study import study_of

WIDTHS = (16, 32, 48, 64)
CONVOLUTIONS = [Convolutions(**GRID, width=w, kernel=kernel) for w in WIDTHS for kernel in (1, 3)]


def test_no_name_of_a_bubble_lies_over_another():
    """Two of the paper's models have 5.6 and 6.1 Gflops and one FID."""
    figure = published.bubbles()
    images(figure, ("svg",))
    grid, beside = (
        [tuple(bubble.get_facecolor()[0][:3]) for bubble in axes.collections]
        for axes in figure.axes
    )
    # XL/2, the largest of its panel: a colour is a patch, or grey
    assert set(grid) & set(beside) == {grid[0]}
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        assert len(boxes) >= 5
        assert not [one for one, other in itertools.combinations(boxes, 2) if one.overlaps(other)]
        assert all(axes.bbox.containsx(box.x0) and axes.bbox.containsy(box.y0) for box in boxes)


def test_series_of_another_family_are_named_by_their_own_word(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"model": CONVOLUTIONS}, "kernels"))
    (axes,) = gflops.fid_vs_gflops(trials).axes
    assert words_of(axes.get_legend())[:3] == ["Kernel", "3", "1"]
    (axes,) = bubbles.fid_bubbles(trials).axes
    assert words_of(axes.get_legend()) == ["Kernel", "3", "1"]
