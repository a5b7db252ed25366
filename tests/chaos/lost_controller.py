"""Does a training of two workers go on where Ray Train's controller is gone, on a cluster without a
dashboard? Part of ``make chaos``: it takes a cluster of four nodes.
"""

import json
import subprocess
import sys

import pytest

PATIENCE_S = 300
STEPS, EVERY = 800, 10  # on quiet cores 200 end before the node is gone
STUDY = f"""
from experiments.smoke import BASE
from scaling.study import Study
from scaling.study.settings import with_settings
SPEC = with_settings(BASE, {{
    "model.width": 48, "model.depth": 4, "model.patch": 2, "train.steps": {STEPS},
    "train.batch": 256, "train.log_every": 1, "train.checkpoint_every": {EVERY},
    "evaluate.checkpoints": 1, "evaluate.protocol.metrics": []}})
STUDY = Study(name="one", question="?", expectation="!", trials=(SPEC,))
"""
# A cluster of its own: a head without a place for anything, and three nodes of one core each, of
# which one may go.
SCRIPT = """
import json, subprocess, sys, tempfile, time
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
cluster = Cluster(initialize_head=True, head_node_args={
    "num_cpus": 0, "memory": 0, "include_dashboard": False, "temp_dir": folder.name})
nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
sweep = subprocess.Popen([sys.executable, "-m", "scaling.sweep", study, "--results", root,
    "--address", cluster.address, "--workers-per-trial", "2"], stdout=sys.stderr)

def named(name: str) -> list[tuple]:
    return [(node, process) for node in nodes
            for process in psutil.Process(node.all_processes["raylet"][0].process.pid).children()
            if process.cmdline()[0].startswith(name)]

while run.state().get("step", 0) < 25:
    if sweep.poll() is not None:
        sys.exit(f"the sweep ended: {run.state()}")
    time.sleep(0.05)
((node, controller),) = named("ray::TrainController")
newest = newest_step(run.checkpoints)
if goes == "node":
    cluster.remove_node(node, allow_graceful=False)
    nodes.remove(node)
else:
    controller.kill()
code = sweep.wait()
print(json.dumps({"newest": newest, "code": code, "state": run.state(),
                  "sessions": run.record()["sessions"]}))
cluster.shutdown()
"""


@pytest.mark.parametrize("goes", ["process", "node"])
def test_two_workers_begin_again_without_their_controller(tmp_path, goes):
    study = tmp_path / "one.py"
    study.write_text(STUDY)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "results"), str(study), goes],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["code"] == 0 and told["state"]["state"] == "completed"
    first, second = told["sessions"]
    assert [s["execution"]["workers"] for s in told["sessions"]] == [2, 2]
    # its workers may have had the time to note that they lost each other
    assert first["to_step"] is None or first["to_step"] < STEPS
    assert second["from_step"] >= told["newest"] >= 2 * EVERY
    assert second["to_step"] == STEPS
