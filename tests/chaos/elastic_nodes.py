"""Does a training of two workers go on with one when a node is gone, with two when another has
come, and after SIGTERM, as if nothing had been? Part of ``make chaos``: it takes a cluster of three
nodes.
"""

import json
import os
import subprocess
import sys

import pytest

from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study import Plan, load_study

PATIENCE_S = 600  # where the machine is busy
STEPS, EVERY = 200, 10
STUDY = f"""
from experiments.smoke import BASE
from scaling.study import Study
from scaling.study.settings import with_settings
SPEC = with_settings(BASE, {{
    "model.width": 48, "model.depth": 4, "model.patch": 2, "train.steps": {STEPS},
    "train.batch": 256, "train.lr": 1e-4, "train.log_every": 1, "train.heldout_every": 50,
    "train.checkpoint_every": {EVERY}, "evaluate.checkpoints": 1, "evaluate.protocol.metrics": []}})
STUDY = Study(name="one", question="?", expectation="!", trials=(SPEC,))
"""
# A cluster of its own: a head without a place for trainings, and two nodes of one core each.
SCRIPT = """
import json, os, signal, subprocess, sys, tempfile, time
from pathlib import Path
import psutil
from ray.cluster_utils import Cluster
from scaling.launch.tasks.attempts import newest_step
from scaling.records import StudyFolder
from scaling.study import Plan, load_study

root, study, goes = sys.argv[1:]
plan = Plan.of(load_study(study))
run = StudyFolder(Path(root) / plan.name).run(plan.trials[0].train_id)
# Ray's own processes ask for the latest cluster of a temporary folder, which others may share.
folder = tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True)
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "temp_dir": folder.name})
nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
sweep = subprocess.Popen([sys.executable, "-m", "scaling.sweep", study, "--results", root,
    "--address", cluster.address, "--workers-per-trial", "2", "--min-workers-per-trial", "1"],
    stdout=sys.stderr)

def wait_for(workers: int, step: int) -> dict:
    while sweep.poll() is None:
        state = run.state()
        lacking = state["why"] == "with 1 of 2 workers"
        if state["state"] == "running" and lacking == (workers == 1) and state["step"] >= step:
            return state
        time.sleep(0.05)
    sys.exit(f"the sweep ended: {run.state()}")

lead = psutil.Process(wait_for(2, 25)["pid"]).ppid()  # its raylet
(gone,) = [n for n in nodes if (n.all_processes["raylet"][0].process.pid == lead)
           == (goes == "lead")]
newest = newest_step(run.checkpoints)
cluster.remove_node(gone, allow_graceful=False)
time.sleep(1)
wait_for(1, newest + 5)
cluster.add_node(num_cpus=1)
begun = wait_for(2, newest)
os.kill(wait_for(2, begun["step"] + 5)["pid"], signal.SIGTERM)
print(json.dumps({"newest": newest, "code": sweep.wait(), "state": run.state(),
                  "sessions": run.record()["sessions"]}))
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    path = tmp_path_factory.mktemp("study") / "one.py"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def alone(study, tmp_path_factory) -> list:
    """The curve of one worker that nobody disturbs."""
    run = Run(tmp_path_factory.mktemp("alone"))
    run_trials([trial.spec for trial in Plan.of(load_study(study)).trials], run, lambda told: None)
    return run.curve()


@pytest.mark.parametrize("goes", ["lead", "other"])
def test_two_workers_go_on_as_one_then_as_two_and_after_sigterm(tmp_path, study, alone, goes):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "results"), str(study), goes],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "DIT_SCALING_MORE_AFTER_S": "5"},
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["code"] == 0 and told["state"]["state"] == "completed"
    _, second, third, fourth = told["sessions"]
    assert [s["execution"]["workers"] for s in told["sessions"]] == [2, 1, 2, 2]
    assert [s["devices"] for s in told["sessions"]] == [2, 1, 2, 2]  # for which hours are counted
    assert second["from_step"] >= told["newest"] >= 2 * EVERY  # the last checkpoint
    assert second["stopped"] == (
        f"goes on with more than 1 of 2 workers, at step {second['to_step']}"
    )
    assert third["stopped"] == f"asked to leave by SIGTERM, at step {third['to_step']}"
    assert second["from_step"] < second["to_step"] == third["from_step"]
    assert third["from_step"] < third["to_step"] == fourth["from_step"] < fourth["to_step"] == STEPS
    (folder,) = (tmp_path / "results" / "runs").iterdir()
    ours = Run(folder).curve()
    assert [line["step"] for line in ours] == list(range(1, STEPS + 1))
    for a, b in zip(ours, alone):
        assert a["loss"] == pytest.approx(b["loss"], abs=1e-5), a["step"]
        if b["heldout_loss"] is not None:
            assert a["heldout_loss"] == pytest.approx(b["heldout_loss"], abs=1e-5)
