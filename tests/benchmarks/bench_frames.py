"""How long do the records of thousands of trials take to become tables, beside pandas over the same
lines?

    python -m tests.benchmarks.bench_frames [--trials 2000] [--lines 1000] [--rounds 4]

Records are written to a temporary folder first. Then, each in a process of its own, in rounds of
which the least count, so that what else the machine did falls on all alike: pandas reads every
``curve.jsonl`` (``read_json(lines=True)``, concatenated); the frames are read from the JSON lines,
with all the records say of each trial; and read again from the Parquet that the first wrote once
its frame was there, which is told apart. Asked of 10,000 trials: under 15 s, then under 2 s, at
most 4 GB, and the first at least 8 times as fast as pandas.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scaling.records import StudyFolder
from scaling.study.planning.plan import Plan, PlannedTrial
from tests.analysis.synthetic_study import BASE, PROVENANCE, digits_like
from tests.benchmarks.timing import table

ASKED = {"first_s": 15.0, "again_s": 2.0, "peak_gb": 4.0, "ratio": 8.0}
PATTERNS = 20  # different curves; the time of a parser does not depend on which trial has which
SESSION = {
    "started": "2026-01-02T03:04:05+00:00",
    "ended": None,
    "from_step": 0,
    "to_step": None,
    "provenance": PROVENANCE,
}

_PANDAS = """
import sys, time, resource
from pathlib import Path
import pandas as pd
paths = sorted(Path(sys.argv[1]).glob("runs/*/curve.jsonl"))
start = time.perf_counter()
rows = len(pd.concat(pd.read_json(path, lines=True) for path in paths))
used = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, rows, 0.0)
"""
_OURS = """
import sys, time, resource
from pathlib import Path
from analysis.frames.cache import wait_until_kept
from analysis.frames import curves_frame
from scaling.records import StudyFolder
study = StudyFolder(Path(sys.argv[1]) / "digits")
start = time.perf_counter()
frame = curves_frame(study)
seconds = time.perf_counter() - start
wait_until_kept(study)
kept = time.perf_counter() - start - seconds
used = resource.getrusage(resource.RUSAGE_SELF)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e6, len(frame), kept)
"""


def write_records(root: Path, trials: int, lines: int) -> None:
    """A study of ``trials`` completed trials whose curves have ``lines`` lines each."""
    base = BASE.model_copy(update={"train": BASE.train.model_copy(update={"steps": lines})})
    one, folder = digits_like(seeds=1, base=base), StudyFolder(root / "digits")
    plan = Plan(
        **{
            name: getattr(one, name)
            for name in ("name", "question", "expectation", "nuisance", "seeds")
        },
        trials=tuple(_seeded(one.trials[i % len(one.trials)], i) for i in range(trials)),
    )
    folder.folder.mkdir(parents=True)
    (folder.folder / "study.json").write_text(plan.model_dump_json())
    rng = random.Random(0)
    curves = [_curve(rng, lines) for _ in range(PATTERNS)]
    evaluated = base.evaluate
    ema, protocol = (part.model_dump(mode="json") for part in (evaluated.ema, evaluated.protocol))
    for i, trial in enumerate(plan.trials):
        run = folder.run(trial.train_id).folder
        (run / "evaluations").mkdir(parents=True)
        (run / "curve.jsonl").write_text(curves[i % PATTERNS])
        (run / "state.json").write_text(
            json.dumps({"schema_version": 1, "state": "completed", "why": None})
        )
        (run / "record.json").write_text(
            json.dumps({"schema_version": 1, "count": {}, "sessions": [SESSION]})
        )
        for step, eval_id in trial.eval_ids.items():
            (run / "evaluations" / f"{eval_id}.json").write_text(
                json.dumps(
                    {
                        "schema_version": 1,
                        "eval_id": eval_id,
                        "train_id": trial.train_id,
                        "ema": ema,
                        "protocol": protocol,
                        "step": step,
                        "images": 64 * step,
                        "heldout_loss": 0.2,
                        "heldout_mse": 0.1,
                        "figures": [
                            {
                                "metric": "fid",
                                "value": 20 + rng.random(),
                                "std": None,
                                "features": "digits-cnn",
                                "samples": 1000,
                                "reference": "train",
                            }
                        ],
                        "wall_s": 1.5,
                        "measured": "2026-01-02T03:04:05+00:00",
                    }
                )
            )


def _seeded(trial: PlannedTrial, i: int) -> PlannedTrial:
    """Another training of the same question: ids of its own and one evaluation, at its end."""
    last = max(trial.eval_ids)
    return trial.model_copy(
        update={
            "trial_id": f"{trial.trial_id}-{i}",
            "train_id": f"{i:016x}",
            "eval_ids": {last: f"{i:016x}"},
        }
    )


def _curve(rng: random.Random, lines: int) -> str:
    return "".join(
        json.dumps(
            {
                "step": i,
                "images": 64 * i,
                "loss": rng.random(),
                "lr": 3e-3,
                "heldout_loss": None if i % 10 else rng.random(),
                "heldout_mse": None if i % 10 else rng.random(),
                "heldout_bins": None if i % 10 else [rng.random() for _ in range(10)],
                "heldout_ema": None if i % 10 else "ema-power-0.05",
                "grad_norm": rng.random(),
                "images_per_s": 4e3 + 1e3 * rng.random(),
                "mfu": None,
                "train_wall_s": i + rng.random(),
            }
        )
        + "\n"
        for i in range(1, lines + 1)
    )


def timed(script: str, root: Path) -> tuple[float, float, float, int, float]:
    """Seconds, CPU seconds with all imports, peak GB, rows of ``script`` in a process of its own,
    seconds until all is kept.

    CPU seconds and peak are of the whole, what is kept too.
    """
    told = subprocess.run(
        [sys.executable, "-c", script, str(root)], check=True, capture_output=True, text=True
    ).stdout
    seconds, cpu, peak, rows, kept = told.split()
    return float(seconds), float(cpu), float(peak), int(rows), float(kept)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_records(root, options.trials, options.lines)
        found = []
        for _ in range(options.rounds):
            shutil.rmtree(root / "digits" / ".frames", ignore_errors=True)
            found.append([timed(script, root) for script in (_PANDAS, _OURS, _OURS)])
        peer, first, again = ([min(figures) for figures in zip(*rounds)] for rounds in zip(*found))
    share = options.trials * options.lines / 1e7
    rows = [
        (
            f"{options.trials:,} trials x {options.lines:,} lines",
            "s",
            "asked",
            "CPU s",
            "peak GB",
            "asked",
            "rows",
        )
    ]
    for name, (seconds, cpu, peak, count, _), asked in (
        ("pandas, the lines alone", peer, None),
        ("ours, from the JSON lines", first, ASKED["first_s"]),
        ("ours, from Parquet", again, ASKED["again_s"]),
    ):
        limit = (f"{asked * share:.2g}", f"{ASKED['peak_gb']:g}") if asked else ("", "")
        rows.append(
            (name, f"{seconds:.2f}", limit[0], f"{cpu:.2f}", f"{peak:.2f}", limit[1], f"{count:,}")
        )
    print(table(rows))
    print(f"Parquet is written {first[4]:.2f} s after the first frame is there")
    print(
        f"pandas / ours, first time: {peer[0] / first[0]:.1f} (asked: {ASKED['ratio']:g}); "
        f"in CPU seconds, of which ours are spread over the cores: {peer[1] / first[1]:.1f}"
    )


if __name__ == "__main__":
    main()
