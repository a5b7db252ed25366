"""Does a study get the pictures that its records can carry, the same bytes each time?"""

from analysis.report.helper import LOST, helper
from analysis.report.pictures import begin, save, study_pictures
from tests.analysis.synthetic_study import copied


def test_a_study_gets_the_figures_its_records_can_carry(rates, half_run):
    assert {name: one.missing for name, one in study_pictures(rates).items()} == {
        "heldout_vs_lr": "",
        "work_by_place": "",
    }
    found = study_pictures(half_run, ("svg",))
    drawn = {name for name, one in found.items() if one.files}
    missing = [one.missing for one in found.values() if one.missing]
    assert {
        "fid_vs_gflops",
        "fid_bubbles",
        "fid_vs_steps",
        "heldout_vs_steps",
        "sample_grid",
    } <= drawn
    assert all("needs" in why or "need" in why for why in missing), missing


def test_figures_are_the_same_bytes_when_drawn_again(rates, tmp_path):
    study = copied(rates, tmp_path)

    def drawn() -> dict:
        paths = [
            path
            for name, one in study_pictures(study).items()
            for path in save(study, name, one.files)
        ]
        return {path: path.read_bytes() for path in paths}

    first = drawn()
    assert len(first) == 4 and drawn() == first


def test_a_helper_draws_the_same_and_one_that_is_killed_is_not_missed(rates, monkeypatch):
    monkeypatch.setattr("analysis.report.helper.usable_cores", lambda: 2)
    here = study_pictures(rates)
    assert here["heldout_vs_lr"].marks and set(here["heldout_vs_lr"].files) == {"png", "svg"}
    with helper() as other:
        assert {name: future.result() for name, future in begin(other, rates).items()} == here
        other._process.kill()
        begun = begin(other, rates)
        assert isinstance(begun["heldout_vs_lr"].exception(), LOST)
        assert study_pictures(rates, begun=begun) == here


def test_every_figure_of_several_families_is_drawn_or_says_why_not(two_families, one_curve):
    for study in (two_families, one_curve):
        drawn = {name for name, one in study_pictures(study, ("json",)).items() if one.files}
        assert drawn >= {
            "fid_vs_gflops" if study is one_curve else "fid_vs_steps",
            "sample_grid",
            "fid_vs_steps",
            "fid_vs_steps_by_size",
            "fid_vs_train_flops",
            "heldout_vs_steps",
            "heldout_by_bin",
            "loss_vs_steps",
            "grad_norm_vs_steps",
            "images_per_s_vs_steps",
        }
