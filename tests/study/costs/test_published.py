"""Is the paper's table whole, and does a figure agree with it only within its tolerance?"""

from scaling.study.costs.published import published


def test_there_are_sixteen_published_figures_each_with_its_source():
    assert len(published()) == 16
    assert all(row.source for row in published())


def test_a_figure_off_by_more_than_the_tolerance_does_not_agree():
    xl2 = next(row for row in published() if row.gmacs == 118.64)
    assert xl2.agrees(118.62)
    assert not xl2.agrees(118.64 * 1.0016)
    assert not xl2.agrees(114.46)  # what fvcore says with attention dropped
