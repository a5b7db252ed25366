"""Is a node that is being drained left with no step lost? Part of ``make chaos``: it takes a
cluster of three nodes.
"""

import json
import subprocess
import sys

PATIENCE_S = 300
# A cluster of its own: a head without a place for trainings, and two nodes of one core each.
SCRIPT = """
import json, sys, threading, time
from pathlib import Path
import psutil
import ray
from ray.cluster_utils import Cluster
from ray.core.generated import autoscaler_pb2
from scaling.records import StudyFolder
from scaling.study import Plan, load_study
from scaling.study.settings import parse_settings

root = Path(sys.argv[1])
settings = ("train.steps=6000", "train.checkpoint_every=5000", "evaluate.checkpoints=1",
            "evaluate.protocol.metrics=[]", "model.width=16")
plan = Plan.of(load_study(sys.argv[2]).with_settings(parse_settings(settings)))
run = StudyFolder(root / plan.name).run(plan.trials[0].train_id)
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
nodes = [cluster.add_node(num_cpus=1) for _ in range(2)]
drained = []

def drain() -> None:
    while run.state().get("step", 0) < 100:
        time.sleep(0.1)
    gcs = ray._raylet.GcsClient(address=cluster.address)
    raylet = psutil.Process(run.state()["pid"]).ppid()
    (node,) = [n for n in nodes if n.all_processes["raylet"][0].process.pid == raylet]
    reason = autoscaler_pb2.DrainNodeReason.Value("DRAIN_NODE_REASON_PREEMPTION")
    deadline = int(1000 * (time.time() + 30))
    drained.append(gcs.drain_node(node.node_id, reason, "going", deadline))

thread = threading.Thread(target=drain, daemon=True)
thread.start()
from scaling.sweep import sweep
code = sweep(sys.argv[2], settings, root, cluster.address)
thread.join(timeout=5)
print(json.dumps({"code": code, "drained": bool(drained and drained[0][0]),
                  "sessions": run.record()["sessions"]}))
cluster.shutdown()
"""


def test_a_drained_node_is_left_with_no_step_lost(tmp_path):
    study = tmp_path / "one.py"
    study.write_text(
        "from experiments.smoke import BASE\nfrom scaling.study import Study\n"
        "STUDY = Study(name='one', question='?', expectation='!', trials=(BASE,))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "results"), str(study)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-1500:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    first, second = told["sessions"]
    assert told["code"] == 0 and told["drained"]
    assert first["stopped"] == (
        f"asked to leave, as its node is being drained, at step {first['to_step']}"
    )
    assert second["from_step"] == first["to_step"] < 5000
