"""How long do the plan and the status of a study of 1,000 trials take, in seconds of one core?

python -m tests.benchmarks thousand

Goals: the plan (priced, placed on 64 GPUs, as JSON) under 5 s, the status (every record read, the
hours compared with the forecast) under 2 s. Records are those of finished trainings: 30 logged
lines, an evaluation at each of 5 steps.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from scaling.records import StudyFolder, trial_rows
from scaling.records.spending.compared import compared, total_text, with_hours
from scaling.records.spending.expected import add_expected
from scaling.study import EvaluationSpec, ModelSpec, Plan, Study, TrainSpec, TrialSpec, grid
from scaling.study.planning.devices import GPU_TYPES
from scaling.study.planning.forecast import at_mfu, forecast
from tests import written
from tests.benchmarks.timing import table

TRIALS, LINES = 1000, 30
PROVENANCE = {
    **{"code": "c", "versions": {}, "device": "cpu", "cpu": "c", "threads": 1, "platform": "p"},
    "cpus": 2,
}
GOALS_S = {"plan": 5.0, "status": 2.0}


def study(trials: int) -> Study:
    """``trials`` trainings: widths and rates at a fifth as many seeds."""
    base = TrialSpec(
        model=ModelSpec(
            input_size=8, channels=1, patch=2, width=16, depth=2, heads=2, num_classes=10
        ),
        train=TrainSpec(steps=1500, batch=64, lr=3e-3),
        evaluate=EvaluationSpec(checkpoints=5),
    )
    axes = {"model.width": [16, 32, 48, 64, 96], "train.seed": list(range(trials // 5))}
    return Study(name="many", question="?", expectation="!", trials=grid(base, axes))


def priced(trials: int) -> Plan:
    """The plan, forecast on 64 GPUs and written as JSON."""
    plan = Plan.of(study(trials))
    json.dumps(forecast(plan, 64, at_mfu(GPU_TYPES["h100"], 0.4)).to_json())
    return plan


def write(plan: Plan, root: Path) -> StudyFolder:
    """What finished trainings leave, without waiting for the disk."""
    folder = StudyFolder(root / plan.name)
    folder.write_plan(plan)
    session = {
        **{"started": "2026-01-02T00:00:00+00:00", "ended": "2026-01-02T01:00:00+00:00"},
        **{"from_step": 0, "to_step": 1500, "provenance": PROVENANCE, "devices": 1.0},
    }
    figures = [
        {"metric": metric, "value": 3.0, "reference": reference}
        for metric in ("fid", "kid")
        for reference in ("train", "heldout")
    ]
    for trial in plan.trials:
        run = folder.run(trial.train_id)
        steps = range(50, trial.spec.train.steps + 1, trial.spec.train.steps // LINES)
        files = {
            "state.json": {"state": "completed", "why": None, "heartbeat": 1.0},
            "record.json": {"count": None, "lines": len(steps), "sessions": [session]},
            "spec.json": {
                "train_id": trial.train_id,
                **trial.spec.model_dump(
                    mode="json", include={"model", "data", "diffusion", "train"}
                ),
            },
            **{
                f"evaluations/{eval_id}.json": written.evaluation(trial.spec, step, figures=figures)
                for step, eval_id in trial.eval_ids.items()
            },
        }
        (run.folder / "evaluations").mkdir(parents=True)
        for name, content in files.items():
            (run.folder / name).write_text(json.dumps(content))
        lines = (json.dumps(written.line(step)) + "\n" for step in steps)
        (run.folder / "curve.jsonl").write_text("".join(lines))
    hours = {"train_gpu_hours": 1.0, "measure_gpu_hours": 0.1, "basis": "a guess"}
    counts = {"steps": 1500, "evaluations": 5}
    add_expected(folder.folder, {t.train_id: {**hours, **counts} for t in plan.trials})
    return folder


def status(folder: StudyFolder) -> str:
    plan = folder.plan()
    rows, hours = trial_rows(folder, plan), compared(folder, plan)
    return json.dumps(with_hours(rows, hours)) + str(total_text(hours))


def seconds_of(work) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def main(args: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=TRIALS)
    trials = parser.parse_args(args).trials
    taken = {}
    taken["plan"], plan = seconds_of(lambda: priced(trials))
    with tempfile.TemporaryDirectory() as root:
        folder = write(plan, Path(root))
        taken["status"], _ = seconds_of(lambda: status(folder))
    rows = [(name, f"{s:.2f}", f"{GOALS_S[name]:g}") for name, s in taken.items()]
    print(table([(f"{trials} trials", "CPU s", "goal"), *rows]))


if __name__ == "__main__":
    main([])
