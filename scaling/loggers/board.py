"""What does a trial show on a board, and how is a board brought to what the records say?"""

import re
from datetime import datetime
from typing import NamedTuple, Protocol

import numpy as np

from scaling.records.ledger import Run
from scaling.records.status import measured
from scaling.study.planning.plan import PlannedTrial

# Of a line of the curve -> its name on a board.
CURVE = {
    "loss": "training/loss",
    "images_per_s": "training/images_per_s",
    "lr": "training/lr",
    "grad_norm": "training/grad_norm",
    "mfu": "training/mfu",
}


class Point(NamedTuple):
    """One value on a board. ``time`` is when it was measured, in seconds since the epoch; None
    where the records do not tell.
    """

    tag: str
    step: int
    value: float
    time: float | None


Held = dict[str, dict[int, float]]  # tag -> step -> value


class Board(Protocol):
    """Keeps the points of a study's trials. What it ``held`` when it was opened, it tells."""

    def held(self, trial: PlannedTrial) -> Held: ...

    def add(self, trial: PlannedTrial, points: list[Point]) -> None:
        """Append ``points``, which come in the order of their steps."""

    def clear(self, trial: PlannedTrial) -> None:
        """Forget every point of the trial."""

    def close(self, trial: PlannedTrial) -> None:
        """No point of the trial is to come soon; what was added is kept for good."""


def tag(name: str) -> str:
    """``name`` in the letters that every board takes."""
    return re.sub(r"[^-/\w.]+", "_", name)


def points_of(trial: PlannedTrial, run: Run) -> list[Point]:
    """What the records of ``trial`` hold, in the order of steps; files that cannot be read are
    passed over, as ``status`` tells them.

    Lines of a curve bear no time. Theirs is the beginning of the training and the seconds that it
    trained until then.
    """
    sessions = run.sessions()
    begun = datetime.fromisoformat(sessions[0]["started"]).timestamp() if sessions else None
    points = []
    for line in run.curve(faults=[]):
        if line["step"] > trial.spec.train.steps:
            continue
        fields = dict(line)
        values = {name: fields.get(key) for key, name in CURVE.items()}
        values[f"heldout/loss {line.get('heldout_ema') or ''}".strip()] = line.get("heldout_loss")
        time = None if begun is None else begun + line["train_wall_s"]
        points += _points(values, line["step"], time)
    for step, evaluation in measured(trial, run, faults=[]).items():
        values = {"evaluation/heldout_loss": evaluation["heldout_loss"]}
        for figure in evaluation["figures"]:
            label = figure.get("label") or f"vs {figure['reference']}"
            values[f"{figure['metric']}/{label}"] = figure["value"]
        points += _points(values, step, datetime.fromisoformat(evaluation["measured"]).timestamp())
    return sorted(points, key=lambda point: point.step)


def _points(values: dict, step: int, time: float | None) -> list[Point]:
    return [
        Point(tag(name), step, float(value), time)
        for name, value in values.items()
        if value is not None
    ]


def bring_up_to_date(
    board: Board, trial: PlannedTrial, points: list[Point], held: Held | None = None
) -> Held:
    """Bring the trial on ``board`` to ``points``; returns what it holds then.

    New points are appended. Where it holds anything else, or a new one lies before the last of its
    curve, the trial is written anew. ``held`` is what it holds, where that is known.
    """
    held = board.held(trial) if held is None else held
    wanted: Held = {}
    for point in points:
        wanted.setdefault(point.tag, {})[point.step] = point.value
    new = [point for point in points if point.step not in held.get(point.tag, {})]
    agrees = all(
        _equal(wanted.get(name, {}).get(step), value)
        for name, values in held.items()
        for step, value in values.items()
    )
    in_order = all(point.step > max(held.get(point.tag, {-1: 0.0})) for point in new)
    if not (agrees and in_order):
        board.clear(trial)
        new = points
    if new:
        board.add(trial, new)
    return wanted


def _equal(wanted: float | None, value: float) -> bool:
    """In single precision, which boards keep."""
    return wanted is not None and bool(np.float32(wanted) == np.float32(value))
