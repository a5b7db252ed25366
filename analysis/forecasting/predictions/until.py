"""When does a model reach a quality, by the forecast of a study's records? Steps until FID <= K."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from analysis.forecasting.backtested import BackTested, axes_of, back_tested
from analysis.forecasting.targets import Conditions, Target, target_of
from analysis.frames import Folder, evaluations_frame, studies
from analysis.select.checkpoints import fit_checkpoints
from analysis.text import number
from scaling.study.costs.cost import train_flops

AHEAD = 10.0  # times the longest training measured: a forecast says little of what lies beyond
PLACES = 120  # of a curve, even in the logarithm of steps


@dataclass(frozen=True)
class Nearest:
    """The lowest FID of the curve that is looked at."""

    steps: int
    fid: float
    low: float  # 95 % prediction interval of one training
    high: float


@dataclass(frozen=True)
class Reached:
    """When a model's forecast comes to ``until``; None: not up to ``looked_to`` steps."""

    target: str
    until: float
    steps: int | None
    at_most: bool  # it is there at the fewest steps looked at: ``steps`` are an upper bound
    earliest: int | None  # where the low end of the 95 % prediction interval comes there
    latest: int | None  # and its high end
    images: int | None
    train_flops: float | None
    nearest: Nearest
    looked_to: int


def reached(folder: Folder, targets: Sequence[str], until: float) -> list[Reached]:
    """When each of ``targets``, models, has a FID of ``until``. Nothing is frozen: the answer is a
    forecast and no prediction of a measurement. ValueError where a target has steps, or the
    records carry no law.
    """
    if not (math.isfinite(until) and until > 0):
        raise ValueError(f"--until is a FID above 0, not {until:g}")
    (study,) = studies(folder)
    plan = study.plan()
    if not targets:
        raise ValueError(f"name the model: --target MODEL, such as {plan.trials[-1].model}")
    stepped = next((text for text in targets if "@" in text), None)
    if stepped is not None:
        raise ValueError(
            f"--until asks for the steps of {stepped.partition('@')[0]}; leave out "
            f"@{stepped.partition('@')[2]}"
        )
    rows = fit_checkpoints(evaluations_frame(study))
    conditions = Conditions.of(plan, rows)
    longest = int(rows["step"].max())
    if rows["step"].n_unique() == 1:
        raise ValueError(
            f"all models were measured at {longest:,} steps alone, which tell nothing of fewer or "
            "more: measure checkpoints along the way (--set evaluate.checkpoints=4), or predict "
            f"{targets[0]}@{longest} without --until"
        )
    wanted = [target_of(f"{text}@{longest}", plan) for text in dict.fromkeys(targets)]
    try:
        tested = back_tested(rows)
    except ValueError as reason:
        raise ValueError(f"{wanted[0]} cannot be predicted from these records: {reason}") from None
    return [_reached(target, tested, conditions.batch, until) for target in wanted]


def reached_text(reached: Sequence[Reached]) -> str:
    """``DiT-XL/2 has FID 5 at 1,200,000 steps [800,000, 3,000,000], 3.1e20 training FLOPs``."""
    return "\n".join(_line(each) for each in reached)


def as_json(reached: Sequence[Reached]) -> list[dict]:
    return [asdict(each) for each in reached]


def _reached(target: Target, tested: BackTested, batch: int, until: float) -> Reached:
    rows = tested.rows
    steps = np.geomspace(rows["step"].min(), AHEAD * rows["step"].max(), PLACES)
    origin = axes_of(target.model, 1)
    places = np.column_stack([np.zeros((PLACES, 2)), np.log(steps * batch)])
    curve = tested.at(places, ["the target"] * PLACES, origin)
    half = np.array([tested.width(v) / 2 for v in np.diag(curve.covariance)])
    log_until, mean = math.log(until), curve.mean
    at = _first(steps, mean, log_until)
    lowest = int(np.argmin(mean))
    return Reached(
        target.model.name,
        until,
        at,
        bool(mean[0] <= log_until),
        _first(steps, mean - half, log_until),
        _first(steps, mean + half, log_until),
        None if at is None else at * batch,
        None if at is None else float(train_flops(target.model, at * batch)),
        Nearest(
            round(steps[lowest]),
            *(math.exp(value) for value in (mean + np.outer([0, -1, 1], half))[:, lowest]),
        ),
        round(steps[-1]),
    )


def _first(steps: np.ndarray, log_fid: np.ndarray, log_until: float) -> int | None:
    """The first of ``steps`` (n,) at which ``log_fid`` (n,) is no more than ``log_until``, between
    two of them on a line in both logarithms.
    """
    below = np.flatnonzero(log_fid <= log_until)
    if not len(below):
        return None
    i = int(below[0])
    if i == 0:
        return round(steps[0])
    pair = slice(i - 1, i + 1)
    log_steps = np.interp(-log_until, -log_fid[pair], np.log(steps[pair]))
    return round(math.exp(log_steps))


def _line(reached: Reached) -> str:
    if reached.steps is None:
        near = reached.nearest
        return (
            f"{reached.target} does not come to FID {number(reached.until)} within "
            f"{reached.looked_to:,} steps, {AHEAD:g} times the longest measured: nearest is "
            f"{number(near.fid)} [{number(near.low)}, {number(near.high)}] at {near.steps:,} steps"
        )
    ends = [f"{end:,}" if end else "later" for end in (reached.earliest, reached.latest)]
    return (
        f"{reached.target} has FID {number(reached.until)} at {'most ' if reached.at_most else ''}"
        f"{reached.steps:,} steps "
        f"[{', '.join(ends)}], {reached.images:,} images, {reached.train_flops:.3g} training FLOPs"
    )
