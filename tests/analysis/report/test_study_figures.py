"""Does each kind of study have the figures that it asks for, and no others?"""

import pytest
from matplotlib.figure import Figure

from analysis.report.study_data import StudyData
from analysis.report.study_figures import CAPTIONS, FIGURES, draw, wanted
from tests.analysis.synthetic_study import study_of


def test_a_grid_has_its_curve_first_and_a_search_its_rates(finished, rates):
    grid, search = wanted(StudyData(finished)), wanted(StudyData(rates))
    assert grid[0] == "fid_vs_gflops" and "heldout_vs_lr" not in grid
    assert search[0] == "heldout_vs_lr" and not set(search) & {"fid_vs_gflops", "sample_grid"}


@pytest.mark.parametrize(
    ("axis", "values", "figure"),
    [
        ("evaluate.protocol.sampling_steps", [5, 10], "fid_vs_sampling_gflops"),
        ("evaluate.protocol.guidance", [1.0, 2.0], "metrics_vs_guidance"),
        ("model.conditioning", ["adaln-zero", "in-context"], "fid_by_conditioning"),
    ],
)
def test_what_the_trials_differ_in_has_its_figure(axis, values, figure, tmp_path, finished):
    assert figure in wanted(StudyData(study_of(tmp_path, {axis: values})))
    assert figure not in wanted(StudyData(finished))


def test_figures_come_in_the_order_of_their_table(finished):
    names = wanted(StudyData(finished))
    assert names == [name for name in FIGURES if name in names]
    assert CAPTIONS.keys() == FIGURES.keys() and len(set(CAPTIONS.values())) == len(CAPTIONS)


def test_a_figure_is_drawn_by_its_name_and_an_unknown_one_refused(rates):
    assert isinstance(draw(StudyData(rates), "heldout_vs_lr"), Figure)
    with pytest.raises(ValueError, match="no figure 'fid_vs_luck'; there are heldout_vs_lr"):
        draw(StudyData(rates), "fid_vs_luck")
