"""Does a page say what its figures do not?"""

import json

from analysis.report import report_data
from scaling.outcome import show_outcome
from scaling.records import StudyFolder, trial_rows
from scaling.records.files import write_json
from scaling.study import DataSpec
from tests.analysis.synthetic_study import BASE, study_of


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
    assert worse["trial_id"] in told[0] and better["trial_id"] not in told[0]
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
