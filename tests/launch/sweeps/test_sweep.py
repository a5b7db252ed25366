"""Does the main job work as a person runs it? The smoke study through real Ray, resumed, killed and
continued.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from scaling.cli import main
from scaling.launch import cluster
from scaling.launch.supervise import processes
from scaling.loggers.board import points_of
from scaling.records import StudyFolder
from tests.serving import SECRET, serving

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]

COMMAND = [sys.executable, "-m", "scaling.sweep"]
SLOW = [
    "--set",
    "train.steps=3000",
    "--set",
    "train.checkpoint_every=50",
    "--set",
    "evaluate.protocol.samples=80",
]
PATIENCE_S = 500  # a Ray start takes a minute where the machine is busy
LEFT_WITHIN_S = 40  # until all that a killed sweep started has ended


@pytest.fixture
def run(capsys):
    """Runs a command in this process; its exit code and what it printed, as a process gives
    them.
    """

    def run(*args) -> subprocess.CompletedProcess:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(arg) for arg in args])
        return subprocess.CompletedProcess(args, stop.value.code, *capsys.readouterr())

    return run


@pytest.fixture
def status(run):
    return lambda folder: json.loads(run("status", folder, "--json").stdout)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """The study as a person runs it: the command, a cluster of its own, and a dashboard."""
    root = tmp_path_factory.mktemp("results")
    command = [*COMMAND, "smoke", "--results", str(root)]
    return root, subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)


def test_the_smoke_study_completes(smoke):
    root, done = smoke
    assert done.returncode == 0, done.stderr
    said = subprocess.run(
        [sys.executable, "-m", "scaling", "status", str(root / "smoke"), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = json.loads(said.stdout)
    keys = {
        "trial_id",
        "model",
        "patch",
        "seed",
        "lr",
        "state",
        "params_m",
        "forward_gmacs",
        "steps",
        "images",
        "train_flops",
        "loss",
        "heldout_loss",
        "fid",
        "fid_features",
        "fid_samples",
        "fid_reference",
        "wall_s",
    }
    assert [row["state"] for row in rows] == ["completed"] * 2
    for row in rows:
        assert keys <= row.keys() and all(row[key] is not None for key in keys)
        assert (row["fid_features"], row["fid_samples"], row["fid_reference"]) == (
            "digits-cnn",
            100,
            "train",
        )
    assert "Ray dashboard: http://127.0.0.1:" in done.stdout
    assert "\x1b" not in done.stdout  # plain lines where the output is no terminal


def test_it_leaves_figures_and_a_report(smoke):
    root, _ = smoke
    for name in ("fid_vs_gflops", "fid_vs_steps", "fid_vs_train_flops", "sample_grid"):
        for kind in ("png", "svg"):
            assert (root / "smoke" / "figures" / f"{name}.{kind}").stat().st_size > 1000
    assert (root / "smoke" / "report.html").stat().st_size > 10_000


def test_again_it_trains_nothing_and_needs_no_ray(smoke, run, monkeypatch):
    root, _ = smoke

    def no_ray(**options):
        raise AssertionError("a finished study connects to Ray")

    monkeypatch.setattr(cluster.ray, "init", no_ray)
    before = {
        path: path.stat().st_mtime_ns for path in (root / "runs").rglob("*") if path.is_file()
    }
    again = run("sweep", "smoke", "--results", root)
    assert again.returncode == 0 and "nothing to train" in again.stdout
    assert {
        path: path.stat().st_mtime_ns for path in (root / "runs").rglob("*") if path.is_file()
    } == before


def test_a_budget_lets_nothing_begin_that_it_cannot_pay_and_a_larger_one_goes_on(
    tmp_path, ray_address, shared_cluster, run, status
):
    command = ["sweep", "smoke", "--results", tmp_path, "--address", ray_address, "--budget"]
    small = run(*command, "0.001")
    assert small.returncode == 1 and "2 trainings are left" in small.stdout
    rows = status(tmp_path / "smoke")
    assert [(row["state"], row["step"]) for row in rows] == [("stopped", 0)] * 2
    assert rows[0]["why"].startswith("the budget of 0.001 GPU-hours leaves less than")
    large = run(*command, "1")
    assert large.returncode == 0 and "nothing is left to do" in large.stdout
    rows = status(tmp_path / "smoke")
    assert [row["state"] for row in rows] == ["completed"] * 2


def test_another_plan_in_the_same_folder_is_refused_with_the_difference(smoke, run):
    root, _ = smoke
    other = run("sweep", "smoke", "--results", root, "--set", "train.lr=0.001")
    assert other.returncode == 2 and "train.lr was 0.003, is 0.001" in other.stderr
    assert len(other.stderr.strip().splitlines()) == 1


def checkpoints(root: Path) -> dict[Path, int]:
    """The furthest step that each training has checkpointed, by its folder."""
    saved: dict[Path, int] = {}
    for path in root.glob("runs/*/checkpoints/step-*"):
        run = path.parent.parent
        saved[run] = max(saved.get(run, 0), int(path.name.removeprefix("step-")))
    return saved


def furthest(root: Path) -> int:
    return max(checkpoints(root).values(), default=0)


def interrupted(root: Path, how: signal.Signals, address: str) -> int:
    """Run the sweep until its trainings have moved on by two checkpoints, end it by ``how``, see
    that nothing is left of it, return its exit code.
    """
    deadline, said, before = time.monotonic() + PATIENCE_S, root / f"{how.name}.log", None
    with open(said, "w") as log:
        sweep = subprocess.Popen(
            [*COMMAND, "smoke", "--results", str(root), "--address", address, *SLOW],
            stdout=log,
            stderr=log,
        )
        while before is None or furthest(root) < before + 100:
            assert time.monotonic() < deadline and sweep.poll() is None, said.read_text()
            # it runs
            if before is None and "trainings ended" in said.read_text():
                before = furthest(root)
            time.sleep(0.1)
        (driver,) = (
            child.pid
            for child in psutil.Process(sweep.pid).children()
            if "scaling.launch.supervise.driver" in child.cmdline()
        )
        os.kill(sweep.pid, how)
        code = sweep.wait(timeout=PATIENCE_S)
    deadline = time.monotonic() + LEFT_WITHIN_S
    while left := processes.of_session(driver):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    return code


def left_at_their_step(root: Path) -> None:
    """What ran when the sweep was ended kept the step that it was at."""
    left = 0
    for folder, step in checkpoints(root).items():
        last = json.loads((folder / "record.json").read_text())["sessions"][-1]
        if (last.get("stopped") or "").startswith("asked to leave"):
            assert last["to_step"] == step
            left += 1
    assert left


def test_a_sweep_ended_in_any_way_goes_on_where_it_was(
    tmp_path, ray_address, shared_cluster, run, status
):
    curves = {}
    for how, code, address in (
        (signal.SIGKILL, -signal.SIGKILL, "local"),
        (signal.SIGTERM, 130, ray_address),
        (signal.SIGINT, 130, ray_address),
    ):
        assert interrupted(tmp_path, how, address) == code
        for path, lines in curves.items():
            assert len(path.read_bytes().splitlines()) >= lines  # nothing measured was lost
        curves = {
            path: len(path.read_bytes().splitlines())
            for path in tmp_path.glob("runs/*/curve.jsonl")
        }
        if how != signal.SIGKILL:
            left_at_their_step(tmp_path)
        states = [row["state"] for row in status(tmp_path / "smoke")]
        assert curves and "completed" not in states
        assert how == signal.SIGKILL or set(states) <= {"stopped", "pending"}
    saved = checkpoints(tmp_path)
    last = run("sweep", "smoke", "--results", tmp_path, "--address", ray_address, *SLOW)
    assert last.returncode == 0, last.stdout + last.stderr
    assert [row["state"] for row in status(tmp_path / "smoke")] == ["completed"] * 2
    for folder, step in saved.items():
        sessions = json.loads((folder / "record.json").read_text())["sessions"]
        assert sessions[-1]["from_step"] >= step > 0  # from a checkpoint, not from the start
    assert_boards_say_what_records_do(StudyFolder(tmp_path / "smoke"))


def assert_boards_say_what_records_do(study: StudyFolder) -> None:
    """After all those ends TensorBoard shows each step of the records once, and no other."""
    for trial in study.plan().trials:
        place = study.folder / "tensorboard" / trial.trial_id / trial.train_id
        read = EventAccumulator(str(place), size_guidance={"scalars": 0}).Reload()
        shown = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.scalars.Keys()}
        wanted: dict[str, list] = {}
        for point in points_of(trial, study.run(trial.train_id)):
            wanted.setdefault(point.tag, []).append((point.step, pytest.approx(point.value)))
        assert shown == wanted and any(tag.startswith("fid/") for tag in wanted)


def test_a_diverging_trial_is_named_and_the_others_go_on(
    tmp_path, ray_address, shared_cluster, run, status, monkeypatch
):
    study = tmp_path / "wild.py"
    study.write_text(
        "from experiments.smoke import BASE\nfrom scaling.study import Study, grid\n"
        "STUDY = Study(name='wild', question='?', expectation='!', "
        "trials=grid(BASE, {'train.lr': [1e-3, 1e30]}))\n"
    )
    command = ["sweep", study, "--results", tmp_path / "results", "--address", ray_address]
    with serving() as server:
        monkeypatch.setenv("DIT_SCALING_WEBHOOK", server.url)
        done = run(*command)
    assert done.returncode == 1
    good, bad = status(tmp_path / "results" / "wild")
    assert (good["state"], bad["state"]) == ("completed", "diverged") and bad["fid"] is None
    assert bad["trial_id"] in done.stdout and "at step" in done.stdout
    lost, end = (message["text"] for _, _, message in server.got)
    assert lost.startswith(f"wild: {bad['trial_id']} diverged: ")
    assert end == (
        f"wild: 1 completed, 1 diverged; {tmp_path / 'results' / 'wild' / 'report.html'}"
    )
    for path in (tmp_path / "results").rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in done.stdout + done.stderr
    # and nothing is tried again, nor told
    assert run(*command[:-2]).returncode == 1


def test_more_gpus_than_the_cluster_has_are_refused(tmp_path, ray_address, shared_cluster, run):
    done = run(
        *("sweep", "smoke", "--results", tmp_path, "--gpus-per-trial", 2),
        *("--address", ray_address),
    )
    assert done.returncode == 2 and "--gpus-per-trial 2" in done.stderr
    assert not list(tmp_path.glob("runs/*"))
