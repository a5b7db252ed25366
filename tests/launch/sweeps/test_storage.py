"""Does a study whose results are at a URL end as one on a disk does, whatever is killed meanwhile?

The driver's disk is never that of the workers, as if they were on other machines.
"""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import psutil
import pytest
import torch

from analysis.frames import evaluations_frame, trials_frame
from scaling.cli import main
from scaling.launch.trials.trial import run_trials
from scaling.records import Run, trial_rows
from scaling.records.state.lease import leased
from scaling.records.storage.copies import pull
from scaling.records.storage.places import here
from scaling.records.storage.stores import PATIENCE, StoreError, store_at
from scaling.training import checkpoint
from tests.launch.sweeps.test_sweep import COMMAND, PATIENCE_S

LINES = 100
SLOW = ["--set", f"train.steps={10 * LINES}", "--set", "train.checkpoint_every=200"]
WALL = ("train_wall_s", "images_per_s", "mfu")


def said_of(run: Run, step: int) -> tuple:
    """Everything that a training on CPU leaves but its times: weights, curve and values."""
    saved = checkpoint.load(run.checkpoints, step)
    assert saved is not None
    curve = [{k: v for k, v in line.items() if k not in WALL} for line in run.curve()]
    values = {e["eval_id"]: [row["value"] for row in e["figures"]] for e in run.evaluations()}
    return saved.weights(), curve, values


def assert_same(one: tuple, other: tuple) -> None:
    assert one[1:] == other[1:]
    assert one[0].keys() == other[0].keys()
    assert all(torch.equal(one[0][name], other[0][name]) for name in one[0])


@pytest.fixture(scope="module")
def undisturbed(tiny, tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("disk") / "runs" / tiny.train_id)
    assert run_trials([tiny], run, lambda told: None) == "completed"
    return said_of(run, tiny.train.steps)


def test_a_store_that_is_killed_and_comes_back_holds_what_another_machine_ends(
    tiny, s3, bucket, undisturbed, another_machine, monkeypatch
):
    url = f"{bucket}/runs/{tiny.train_id}"
    monkeypatch.setenv(PATIENCE, "1")

    def kill(told: dict) -> None:
        if told.get("step", 0) >= 10:
            s3.kill()

    with pytest.raises(StoreError, match="the store does not answer"):
        run_trials([tiny], Run(here(url)), kill)
    s3.start()
    left = store_at(url).listing(url)
    assert any(name.endswith("manifest.json") for name in left)
    assert not any(name.startswith("evaluations/") for name in left)
    another_machine()
    run = Run(here(url))
    pull(run.folder)
    assert run_trials([tiny], run, lambda told: None) == "completed"
    assert run.sessions()[-1]["from_step"] > 0  # it went on, and did not begin anew
    another_machine()
    run = Run(here(url))
    pull(run.folder)
    assert_same(said_of(run, tiny.train.steps), undisturbed)


def test_the_machine_whose_store_was_killed_goes_on_with_what_it_has(
    tiny, s3, bucket, undisturbed, monkeypatch
):
    url = f"{bucket}/runs/{tiny.train_id}"
    monkeypatch.setenv(PATIENCE, "1")

    def kill(told: dict) -> None:
        if told.get("step", 0) == 5:
            s3.kill()

    run = Run(here(url))
    with pytest.raises(StoreError):
        run_trials([tiny], run, kill)
    s3.start()
    assert run_trials([tiny], run, lambda told: None) == "completed"
    assert_same(said_of(run, tiny.train.steps), undisturbed)


@pytest.fixture
def said(capsys):
    """Runs a command in this process; its exit code, what it printed, and what went wrong."""

    def said(*args) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        return (stop.value.code, *capsys.readouterr())

    return said


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_killed_sweep_goes_on_from_empty_disks_and_is_read_from_any_machine(
    bucket, ray_address, shared_cluster, said, another_machine, tmp_path
):
    root, workers = f"{bucket}/results", Path(os.environ["DIT_SCALING_CACHE"])
    command = ["smoke", "--results", root, "--address", ray_address, *SLOW]
    saved = killed(command, root, tmp_path / "log")
    for folder in (workers / "storage", workers / "storage-seen"):
        while folder.exists():  # what the killed sweep left ends by and by
            shutil.rmtree(folder, ignore_errors=True)
    another_machine()
    with leased(here(f"{root}/smoke")):
        code, _, wrong = said("sweep", *command)
        assert code == 2 and f"a sweep works on {root}/smoke already (process" in wrong
    code, out, wrong = said("sweep", *command)
    assert code == 0, out + wrong
    assert f"results: {root}/smoke" in out

    another_machine()
    rows = json.loads(said("status", "--results", root, "smoke", "--json")[1])
    assert [row["state"] for row in rows] == ["completed"] * 2
    assert [row["fid"] for row in rows] == [row["fid"] for row in trial_rows(f"{root}/smoke")]
    for row in rows:
        run = Run(here(f"{root}/runs/{row['train_id']}"))
        assert len(run.curve()) == LINES  # all that was logged, on whatever machine
        assert run.sessions()[-1]["from_step"] > 0 or row["train_id"] not in saved
    assert len(trials_frame(f"{root}/smoke")) == 2
    assert set(evaluations_frame(f"{root}/smoke")["trial_id"]) == {r["trial_id"] for r in rows}
    there = store_at(root).listing(root)
    assert {"smoke/report.html", "smoke/study.json"} <= there.keys()
    assert "smoke/sweep.json" not in there
    assert said("status", root)[1].split() == ["smoke", "2", "completed"]
    assert "nothing to train" in said("sweep", *command)[1]


def killed(command: list[str], root: str, log: Path) -> set[str]:
    """Begin a sweep, kill it once a training has a checkpoint at the store, and return which. Its
    workers have ended: one that leaves would go on writing on the disk that the test empties.
    """
    deadline = time.monotonic() + PATIENCE_S
    with open(log, "w") as out:
        sweep = subprocess.Popen([*COMMAND, *command], stdout=out, stderr=out)
        try:
            while not (saved := checkpoints(root)):
                assert time.monotonic() < deadline and sweep.poll() is None, log.read_text()
                time.sleep(0.3)
        finally:
            sweep.kill()
            sweep.wait(timeout=PATIENCE_S)
    while any(psutil.pid_exists(pid) for pid in worker_pids(root)):
        assert time.monotonic() < deadline, "a worker of the killed sweep goes on"
        time.sleep(0.1)
    return saved


def worker_pids(root: str) -> set[int]:
    """The processes that worked on trainings, as the store's states tell."""
    store = store_at(root)
    states = [n for n in store.listing(f"{root}/runs") if n.count("/") == 1 and "/state" in n]
    read = store.read_all([f"{root}/runs/{name}" for name in states]).values()
    found = [json.loads(content) for content in read]
    return {state["pid"] for state in found if "pid" in state}  # one that waits has none


def checkpoints(root: str) -> set[str]:
    """The trainings that have a checkpoint at the store."""
    there = store_at(root).listing(root)
    return {name.split("/")[1] for name in there if name.endswith("/manifest.json")}
