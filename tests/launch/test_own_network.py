"""Does a network that a study's own file defines train and get measured on Ray workers?"""

import subprocess
import sys

import pytest

from scaling.records import Run
from tests.study.families.outside import write_study

# Of a sweep the part that runs on the cluster.
GRID = """
import sys
from pathlib import Path
from scaling.launch.cluster import connected
from scaling.launch.grid import run_grid
from scaling.study import Plan, load_study
from scaling.study.execution import Execution

file, root, address = sys.argv[1:]
plan = Plan.of(load_study(file))
with connected(address):
    run_grid(plan, plan.runs(), Path(root), 0.0, lambda train_id, result: None, Execution())
for trial in plan.trials:
    print(trial.train_id, trial.model, *trial.eval_ids.values())
"""


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_workers_train_and_measure_it(tmp_path, ray_address):
    file = write_study(tmp_path, "own-on-ray")
    done = subprocess.run(
        [sys.executable, "-c", GRID, str(file), str(tmp_path), ray_address],
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr
    trials = [line.split() for line in done.stdout.splitlines()]
    assert [model for _, model, *_ in trials] == ["Conv-4", "Conv-8"]
    for train_id, model, *eval_ids in trials:
        run = Run(tmp_path / "runs" / train_id)
        assert run.state()["state"] == "completed" and run.record()["model"] == model
        assert all(run.evaluation(eval_id)["figures"] for eval_id in eval_ids)
