"""Does a sweep with --asha keep the best rate and stop the others early, which enter no fit?"""

import json

import pytest

from analysis.frames import trials_frame
from analysis.select.learning_rates import best_rates
from analysis.select.selection import Selection
from scaling.cli import main
from scaling.records import StudyFolder
from scaling.records.spending.account import train_hours

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]

STUDY = """
from experiments.smoke import BASE
from scaling.study import Study, grid
from scaling.study.settings import with_settings

BASE = with_settings(BASE, {
    "train.steps": 80, "train.heldout_every": 20, "evaluate.protocol.metrics": (),
})
STUDY = Study(
    name="rates", question="?", expectation="!",
    trials=grid(BASE, {"train.lr": (3e-5, 1e-4, 1e-2, 3e-4), "model.width": (16, 32)}),
)
"""
STEPS, RUNG = 80, 20


@pytest.fixture
def run(capsys):
    def run(*args) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        return stop.value.code, capsys.readouterr().out

    return run


def test_the_best_rate_is_kept_and_the_others_stop_early(
    tmp_path, ray_address, shared_cluster, run
):
    file, folder = tmp_path / "rates.py", StudyFolder(tmp_path / "results" / "rates")
    file.write_text(STUDY)
    command = ["sweep", file, "--results", tmp_path / "results", "--address", ray_address]
    code, out = run(*command, "--asha", "grace=20,eta=4")
    assert code == 0, out
    rows = json.loads(run("status", folder.folder, "--json")[1])
    done = [row for row in rows if row["state"] == "completed"]
    early = [row for row in rows if row["state"] == "stopped"]
    # one of four of each model, which no other stands in for
    assert len(early) == 6 and len({row["model"] for row in done}) == len(done) == 2
    for row in early:
        assert row["step"] == RUNG and row["heldout_loss"] is None
        assert row["why"].startswith(f"asha: rung {row['step']}, ") and row["why"] in out
        assert folder.run(row["train_id"]).sessions()[-1]["stopped"].startswith("asha: rung")
    page = (folder.folder / "report.html").read_text()
    assert all(f"{row['trial_id']} stopped: {row['why']}." in page for row in early)
    assert "The sweep is not finished" not in page
    # what was stopped is in no set that is fitted, and bounds the range that was searched
    trials = trials_frame(folder)
    assert set(Selection(trials).points("heldout_loss")["train_id"]) == {
        row["train_id"] for row in done
    }

    trained = sum(row["step"] for row in rows)
    hours = sum(train_hours(folder.run(row["train_id"])) for row in rows)
    code, out = run(*command, "--asha", "grace=20,eta=4")
    assert code == 0 and "nothing to train" in out

    code, out = run(*command)  # all to their ends
    assert code == 0
    whole = {row["train_id"]: row for row in json.loads(run("status", folder.folder, "--json")[1])}
    assert {row["state"] for row in whole.values()} == {"completed"}
    for row in done:
        assert row["heldout_loss"] == whole[row["train_id"]]["heldout_loss"]
        of_model = [other for other in whole.values() if other["model"] == row["model"]]
        assert row["heldout_loss"] == min(other["heldout_loss"] for other in of_model)
    assert trained == 2 * STEPS + 6 * RUNG  # of 640
    total = sum(train_hours(folder.run(train_id)) for train_id in whole)
    print(f"trained {trained} of {8 * STEPS} steps; {hours * 3600:.1f} of {total * 3600:.1f} s")
    assert [rate.edge for rate in best_rates(trials)] == [
        rate.edge for rate in best_rates(trials_frame(folder))
    ]
