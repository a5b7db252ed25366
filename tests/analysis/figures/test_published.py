"""Are published tables drawn as ours are?"""

from analysis.figures import published


def test_the_published_figure_is_drawn_as_ours():
    (axes,) = published.fid_vs_gflops().axes
    assert "−0.93" in axes.get_title(loc="left")
