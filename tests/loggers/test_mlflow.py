"""Does a real store of MLflow hold the records, each step once, named by study and trial?"""

import pytest
from mlflow import MlflowClient

from scaling.loggers.board import bring_up_to_date, points_of
from scaling.loggers.mlflow import MLflow
from tests.loggers.conftest import write_fid
from tests.written import line

LOSS, FID = "training/loss", "fid/FID-80_vs_train"


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> MlflowClient:
    """A store of files, which MLflow keeps for those who say so."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path}/mlruns")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return MlflowClient(f"file://{tmp_path}/mlruns")


@pytest.fixture
def trial(study):
    return study.plan().trials[0]


def write(study, trial) -> None:
    board = MLflow(study.folder, study.plan())
    bring_up_to_date(board, trial, points_of(trial, study.run(trial.train_id)))
    board.close(trial)


def the_run(store):
    (run,) = store.search_runs([store.get_experiment_by_name("two").experiment_id])
    return run


def shown(store, name: str) -> list[tuple[int, float]]:
    history = store.get_metric_history(the_run(store).info.run_id, name)
    return [(metric.step, metric.value) for metric in history]


def test_a_trial_is_a_run_of_the_studys_experiment(study, trial, store):
    write(study, trial)
    run = the_run(store)
    assert run.info.run_name == trial.trial_id and run.info.status == "FINISHED"
    named = {"study": "two", "trial": trial.trial_id, "train_id": trial.train_id}
    assert named.items() <= run.data.tags.items()
    assert shown(store, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]


def test_a_resumed_sweep_adds_what_is_new(study, trial, store):
    write(study, trial)
    write_fid(study, 12, 29.0)
    write(study, trial)
    write(study, trial)
    assert shown(store, FID) == [(6, 31.5), (12, 29.0)]
    assert shown(store, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]


def test_a_step_that_was_measured_again_is_another_run_and_the_first_is_deleted(
    study, trial, store
):
    write(study, trial)
    first = the_run(store).info.run_id
    study.run(trial.train_id).log(line(10, 0.5))
    write(study, trial)
    assert shown(store, LOSS) == [(5, 0.2), (10, 0.5), (12, 1 / 12)]
    assert the_run(store).info.run_id != first


def test_a_store_that_cannot_be_opened_is_refused_in_one_line(study, tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"file://{tmp_path}/other")
    with pytest.raises(ValueError, match=r"--log mlflow: the store cannot be opened \(.+\); name"):
        MLflow(study.folder, study.plan())
