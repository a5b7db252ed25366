"""Can every name of a bubble be read?"""

import itertools

from analysis.figures import published
from analysis.report.pictures import images


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
