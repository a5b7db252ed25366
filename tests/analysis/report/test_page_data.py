"""Does a page say what its figures do not?"""

import json

import pytest

from analysis.report import build, report_data
from scaling.outcome import show_outcome
from scaling.records import StudyFolder, trial_rows
from scaling.records.files import write_json
from scaling.records.spending.expected import add_expected
from scaling.study import DataSpec
from tests.analysis.synthetic_study import BASE, SIZES, digits_like, measure, study_of

AXES = {"size": SIZES, "model.patch": [4, 2]}


def beside_noise(study: StudyFolder, noise: float) -> None:
    """Write into every record what noise images' FID would be."""
    for path in study.folder.parent.glob("runs/*/evaluations/*.json"):
        found = json.loads(path.read_text())
        for row in found["figures"]:
            row |= {"noise": noise if row["metric"] == "fid" else None}
        write_json(path, found)


def test_trials_whose_samples_are_noise_are_told_on_the_page_and_in_status(tmp_path, capsys):
    study = study_of(tmp_path, {"model.patch": [8, 4]}, base=BASE)
    worse, better = sorted(trial_rows(study), key=lambda row: -row["fid"])
    beside_noise(study, (worse["fid"] + better["fid"]) / 2)
    told = [text for text in report_data(study)["warnings"] if "no better than noise" in text]
    assert len(told) == 1 and told[0].startswith("Of 1 of 2 trials")
    assert worse["model"] in told[0] and better["model"] not in told[0]
    assert "models that fail" in told[0]
    rows = trial_rows(study)
    assert [row["trial_id"] for row in rows if row["warning"]] == [worse["trial_id"]]
    show_outcome(study, rows, interrupted=False)
    assert f"{worse['trial_id']}: samples are no better than noise" in capsys.readouterr().out


def test_records_from_before_tell_nothing_of_noise(finished):
    assert not [text for text in report_data(finished)["warnings"] if "noise" in text]


def test_the_data_bears_its_own_name(tmp_path):
    data = DataSpec(source="folder", name="flowers", size=8)
    study = study_of(tmp_path, {"model.patch": [8, 4]}, base=BASE.model_copy(update={"data": data}))
    told = report_data(study)
    assert told["ways"]["shared"]["Data"] == "flowers, 8 px"
    assert {row["data"] for row in told["trials"]} == {"flowers, 8 px"}


def test_a_study_under_way_does_not_price_another_seed_by_what_it_has_run(half_run, finished):
    assert report_data(half_run)["another_seed"] is None
    assert report_data(finished)["another_seed"].startswith("One more seed (--set seeds=4)")


def test_many_lost_trials_are_one_line_that_opens(tmp_path):
    plan = digits_like(AXES, seeds=1, name="lost")
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for i, trial in enumerate(plan.trials):
        run = measure(study, trial, 0.02, until=500 if i < 3 else 200)
        if i >= 3:
            run.write_state("diverged", f"loss nan at step {230 + i}", step=230 + i)
    page = build(study, kinds=("svg",)).page
    assert "<summary>5 trials diverged</summary>" in page and "loss nan at step 237" in page
    lost = [trial.trial_id for trial in plan.trials[3:]]
    assert f"left out: {', '.join(lost[:4])} and 1 more." in page


def test_a_page_holds_what_trainings_took_against_what_was_forecast(tmp_path):
    study = study_of(tmp_path, {"model.patch": [8, 4]}, base=BASE)
    assert report_data(study)["forecast_told"] is None
    assert "taken_vs_forecast" not in build(study, kinds=()).page
    hours = {"train_gpu_hours": 0.5, "measure_gpu_hours": 0.25, "basis": "a guess"}
    counts = {"steps": BASE.train.steps, "evaluations": BASE.evaluate.checkpoints}
    add_expected(
        study.folder, {trial.train_id: {**hours, **counts} for trial in study.plan().trials}
    )
    page = build(study, kinds=("svg",)).page
    assert "that were forecast by a guess" in page and ", training: " in page


@pytest.mark.parametrize("family", ["mixers", "convolutions"])
def test_the_page_of_another_family_speaks_of_it(family, request):
    page = build(request.getfixturevalue(family), kinds=()).page
    grid = page.partition("How fast FID falls")[2].partition("Laws, their")[0]
    assert "by size and " in grid and "patch" not in grid
    assert ">None<" not in page and "null" not in grid
