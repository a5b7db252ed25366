"""Is what a report needs of a study read once, and what was not asked for not at all?"""

from analysis.report import study_data
from analysis.report.study_data import StudyData
from analysis.select.checkpoints import STOPPED_EARLY
from tests.analysis.synthetic_study import study_of


def test_the_curves_are_read_once_and_only_when_they_are_drawn(finished, monkeypatch):
    read, real = [], study_data.curves_frame
    monkeypatch.setattr(study_data, "curves_frame", lambda study: read.append(1) or real(study))
    data = StudyData(finished)
    assert not read
    assert data.drawn_curves is data.drawn_curves and data.curves is data.curves
    assert read == [1]


def test_what_a_study_asks_for_is_read_off_its_plan(finished, rates):
    grid, search = StudyData(finished), StudyData(rates)
    assert grid.asks() and grid.asks("kid", "fid") and not grid.asks("fdr")
    assert not search.asks() and search.searches_lr and not grid.searches_lr
    assert grid.several("patch") and not grid.several("guidance")


def test_there_is_nothing_of_what_it_did_not_ask_for(finished, rates):
    for study in (finished, rates):
        data = StudyData(study)
        assert (data.ladder, data.spaces, data.tokenizers, data.matched) == ([], None, None, [])


def test_curves_of_several_recipes_are_drawn_once_each_with_what_tells_them_apart(tmp_path):
    study = study_of(
        tmp_path, {"model.conditioning": ["adaln-zero", "in-context"], "model.patch": [8, 4]}
    )
    data = StudyData(study)
    assert data.drawn_curves["recipe"].n_unique() == 2
    assert data.drawn_curves.height == data.curves.height
    assert "recipe" not in data.curves.columns


def test_what_asha_stopped_is_told_apart(finished, monkeypatch):
    data = StudyData(finished)
    first = data.trials["trial_id"] == data.trials["trial_id"][0]
    monkeypatch.setattr(study_data, "stopped_early", lambda trials: first)
    states = data.drawn_curves.group_by("trial_id").agg("state").to_dicts()
    early = {row["trial_id"] for row in states if set(row["state"]) == {STOPPED_EARLY}}
    assert early == {data.trials["trial_id"][0]}
