"""What do Ray and a sweep add to 12 trials, beside the same trials written plainly with
``tune.Tuner``: a process for each, or processes that are reused?

    python -m tests.benchmarks.bench_tune [--repetitions N]

The trials are the digits study's models, trained, sampled and measured by the same functions, very
short. Each way runs in a process of its own on a Ray that it starts; the ways take turns, so that
what else the machine does falls on all. Overhead is the time from the start of the process to the
last measurement, less the seconds of training and measuring that the records tell, over the cores.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from experiments.digits import BASE, PATCHES, SIZES
from scaling.records import Run
from scaling.study import Study, TrialSpec, grid
from scaling.study.cores import usable_cores
from scaling.study.settings import with_settings
from tests.benchmarks.timing import table

SHORT = {
    "train.steps": 60,
    "evaluate.checkpoints": 1,
    "evaluate.protocol.samples": 64,
    "evaluate.protocol.sampling_steps": 5,
}
STUDY = Study(
    name="overhead",
    question="What does Ray add?",
    expectation="-",
    trials=grid(with_settings(BASE, SHORT), {"size": SIZES, "model.patch": PATCHES}),
)
# of ours: a third of a process for each trial, and no more than reused ones
ASKED = {"a process a trial": 1 / 3, "reuse_actors": 1.0}
PATIENCE_S = 900


def plain(root: Path, reuse: bool) -> None:
    """The trials with ``tune.Tuner`` and ``grid_search``, metrics by ``tune.report``."""
    from ray import tune

    def measured(config: dict) -> dict:
        from scaling.launch.trials.trial import run_trials

        spec = TrialSpec.model_validate_json(config["spec"])
        run = Run(root / "runs" / spec.train_id)
        run_trials([spec], run, lambda progress: None)
        (evaluation,) = run.evaluations()
        (fid,) = [f["value"] for f in evaluation["figures"] if f["metric"] == "fid"][:1]
        return {"fid": fid, "done": True}

    class Trial(tune.Trainable):
        def setup(self, config: dict) -> None:
            self.asked = config

        def reset_config(self, new_config: dict) -> bool:
            self.asked = new_config
            return True

        def step(self) -> dict:
            return measured(self.asked)

    def trial(config: dict) -> None:
        tune.report({k: v for k, v in measured(config).items() if k != "done"})

    tune.Tuner(
        tune.with_resources(Trial if reuse else trial, {"cpu": 1}),
        param_space={"spec": tune.grid_search([t.model_dump_json() for t in STUDY.trials])},
        tune_config=tune.TuneConfig(reuse_actors=reuse),
        run_config=tune.RunConfig(storage_path=str(root / "tune"), verbose=0),
    ).fit()


def ours(root: Path) -> list[str]:
    """The words of the sweep."""
    study = root / "overhead.py"
    study.write_text("from tests.benchmarks.bench_tune import STUDY as STUDY\n")
    return ["-m", "scaling.sweep", str(study), "--results", str(root), "--address", "local"]


def way(name: str, root: Path) -> list[str]:
    if name == "ours":
        return ours(root)
    kind = "reuse" if name == "reuse_actors" else "process"
    return ["-m", "tests.benchmarks.bench_tune", "--plain", kind, "--root", str(root)]


def timed(name: str) -> tuple[float, float]:
    """Seconds until the last measurement, and seconds of work."""
    with tempfile.TemporaryDirectory(prefix="bench-tune-") as folder:
        root = Path(folder)
        words, began = way(name, root), time.time()
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAY_AIR_NEW_OUTPUT": "0"}
        environment.pop("RAY_ADDRESS", None)
        done = subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            env=environment,
        )
        files = list(root.glob("runs/*/evaluations/*.json"))
        if done.returncode or len(files) != len(STUDY.trials):
            raise RuntimeError(f"{name}: {len(files)} measured; {done.stderr.strip()[-600:]}")
        work = 0.0
        for folder_of in {file.parent.parent for file in files}:
            run = Run(folder_of)
            work += run.curve()[-1]["train_wall_s"]
            work += sum(evaluation["wall_s"] for evaluation in run.evaluations())
        return max(file.stat().st_mtime for file in files) - began, work


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--plain", choices=["process", "reuse"], help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if asked.plain:
        return plain(asked.root, asked.plain == "reuse")
    cores = usable_cores()
    names = ("ours", *ASKED)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(asked.repetitions):
        for name in names[turn % 3 :] + names[: turn % 3]:
            taken[name].append(timed(name))
    overhead = {
        name: statistics.median(wall - work / cores for wall, work in rows)
        for name, rows in taken.items()
    }
    rows = [("12 trials", "wall, s", "work, s", "overhead, s", "ours over it", "asked")]
    for name in names:
        wall, work = (statistics.median(column) for column in zip(*taken[name]))
        ratio = f"{overhead['ours'] / overhead[name]:.2f}" if name in ASKED else ""
        limit = f"<= {ASKED[name]:.2f}" if name in ASKED else ""
        rows.append((name, f"{wall:.1f}", f"{work:.1f}", f"{overhead[name]:.1f}", ratio, limit))
    print(table(rows))
    print(f"\n{cores} cores, load {os.getloadavg()[0]:.1f}, {asked.repetitions} repetitions")


if __name__ == "__main__":
    main()
