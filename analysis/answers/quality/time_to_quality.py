"""How much training does a model need until a quality is reached? Images, epochs, FLOPs, hours and
money until FID <= k.

A training reaches k where its curve first passes it, on a line in log value and log images between
two checkpoints. What is before the first checkpoint is not known: there, the first is an upper
bound. A model's answer is the geometric mean over its seeds; it is null where a seed has not
reached k, with the nearest value that was measured.

The interval is 95 %. With seeds it is Student's over them, which holds both errors: of training
again and of drawing other samples. Of one seed only the sampling error is known.

"Epochs until unguided FID <= k" is EP_FID@k (RAEv2, arXiv 2605.18324). It depends on the average of
the weights (32 epochs at EMA .999 and 48 at .9997 there), so a row says which it holds for.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.answers.quality.crossing import crossing, images_interval, logged_hours
from analysis.fits.linear import Bounds
from analysis.select.checkpoints import LOST
from analysis.select.protocols import one_axis
from analysis.select.recipes import one_setting
from analysis.select.selection import Selection
from analysis.select.trials import LOSSES
from analysis.text import SPOKEN

RISING = ("isc", "precision", "recall")  # metrics whose larger values are the better ones
ROUND = (1, 2, 5)  # first digits of the qualities that are asked by default
MOST_TARGETS = 3


@dataclass(frozen=True)
class TimeToQuality:
    """When the seeds of one model reach ``target``; null where not every seed does."""

    model: str
    rung: str
    series: str | None
    forward_gmacs: float
    ema: str  # the average of the weights that this holds for
    guidance: float
    metric: str
    label: str  # how it is measured
    target: float
    seeds: int
    reached_by: int  # seeds
    images: float | None
    images_interval: Bounds | None  # 95 %
    at_most: bool  # a seed's first checkpoint has reached it: ``images`` is an upper bound
    epochs: float | None
    train_flops: float | None
    device_hours: float | None  # of training, over all its workers
    cost: float | None
    nearest: float  # the lowest value measured of the seed that is farthest from ``target``
    nearest_images: int
    checkpoints: int  # measured, of the seed with fewest

    @property
    def name(self) -> str:
        """``EP_FID@5`` where that is what it is, else ``FID <= 5``."""
        spoken = SPOKEN.get(self.metric, self.metric)
        if self.metric == "fid" and self.guidance == 1:
            return f"EP_FID@{self.target:g}"
        return f"{spoken} <= {self.target:g}"

    @property
    def train_flops_interval(self) -> Bounds | None:
        """As of ``images``: FLOPs are proportional to them."""
        if self.images_interval is None or self.images is None or self.train_flops is None:
            return None
        low, high = (self.train_flops * end / self.images for end in self.images_interval)
        return low, high


def time_to_quality(
    source: Selection | pl.DataFrame,
    targets: Sequence[float] = (),
    metric: str = "fid",
    curves: pl.DataFrame | None = None,
    images_per_epoch: int | None = None,
    workers: Mapping[str, int] | None = None,
    price_per_hour: float | None = None,
) -> list[TimeToQuality]:
    """A row per target, model and average of the weights, from the selection of a study or
    its ``evaluations_frame`` and, for hours, ``curves_frame``; targets as given, else
    ``round_targets``. ``workers`` are those that shared each training, by its ``train_id``; else
    one.

    ValueError where the metric rises with quality, a target is not above zero, nothing is measured,
    the rows do not belong on one axis, or trainings of one model differ in more than their seed.
    """
    check_asked(targets, metric, price_per_hour)
    rows = Selection.of_evaluations(source).headline(metric, True)
    if metric not in LOSSES:  # a loss does not depend on how samples are drawn
        one_axis(rows)
    rows = rows.filter(~pl.col("state").is_in(LOST))
    if rows.is_empty():
        raise ValueError("every trial that was measured diverged or failed")
    _seeds_alone(rows)
    rows = rows.unique(["train_id", "ema", "step"], keep="first", maintain_order=True).sort("step")
    hours = logged_hours(curves, workers or {})
    return [
        _of_model(own, float(target), hours, images_per_epoch, price_per_hour)
        for target in (targets or round_targets(rows))
        for _, own in rows.group_by("model_id", "ema", maintain_order=True)
    ]


def check_asked(targets: Sequence[float], metric: str, price_per_hour: float | None = None) -> None:
    """ValueError for what no records could answer."""
    if metric in RISING:
        raise ValueError(
            f"{SPOKEN.get(metric, metric)} rises with quality; time to quality is of a metric that "
            "falls, such as fid, kid or heldout_loss"
        )
    for target in targets:
        if not (math.isfinite(target) and target > 0):
            raise ValueError(f"a quality is a number above zero, found {target:g}")
    if price_per_hour is not None and not (math.isfinite(price_per_hour) and price_per_hour >= 0):
        raise ValueError(f"a price an hour is a number from zero up, found {price_per_hour:g}")


def round_targets(rows: pl.DataFrame) -> list[float]:
    """The lowest ``MOST_TARGETS`` of 1, 2, 5, 10 .. that two models or more reach with every seed,
    the highest first.
    """
    of_seeds = rows.group_by("model_id", "train_id").agg(pl.col("value").min())
    best = of_seeds.group_by("model_id").agg(pl.col("value").max())["value"].sort()
    best = best.filter(best > 0)
    if best.is_empty():
        return []
    second = best[min(1, len(best) - 1)]
    exponent = math.floor(math.log10(second))
    ladder = [digit * 10.0**power for power in (exponent, exponent + 1) for digit in ROUND]
    return sorted([k for k in ladder if k >= second][:MOST_TARGETS], reverse=True)


def _seeds_alone(rows: pl.DataFrame) -> None:
    """ValueError names trials of one model that are no seeds of one training: of several learning
    rates, batches or recipes, or of several lengths where the schedule depends on them.
    """
    one_setting(rows, ["model_id", "ema", "recipe", "lr", "batch"])
    trainings = rows.unique("train_id", keep="first", maintain_order=True)
    again = trainings.filter(pl.struct("model", "seed").is_duplicated())
    if len(again):
        model, seed = again.select("model", "seed").row(0)
        mine = again.filter((pl.col("model") == model) & (pl.col("seed") == seed))["trial_id"]
        raise ValueError(
            f"{model} was trained {len(mine)} times with seed {seed}, as in {mine[0]} and "
            f"{mine[1]}; its trainings may differ in their seed alone, keep one length"
        )


def _of_model(
    rows: pl.DataFrame,
    target: float,
    hours: dict[str, tuple[np.ndarray, np.ndarray]],
    images_per_epoch: int | None,
    price: float | None,
) -> TimeToQuality:
    first = rows.row(0, named=True)
    trainings = [own for _, own in rows.group_by("train_id", maintain_order=True)]
    crossings = [crossing(own, target, hours.get(own["train_id"][0])) for own in trainings]
    reached = [each for each in crossings if each is not None]
    worst = max(
        (own.sort("value").row(0, named=True) for own in trainings), key=lambda row: row["value"]
    )
    answer = dict.fromkeys(
        ("images", "images_interval", "epochs", "train_flops", "device_hours", "cost")
    )
    if len(reached) == len(crossings):
        images = math.exp(np.mean([each.log_images for each in reached]))
        spent = [each.hours for each in reached if each.hours is not None]
        device_hours = float(np.mean(spent)) if len(spent) == len(reached) else None
        answer = {
            "images": images,
            "images_interval": images_interval(reached),
            "epochs": None if images_per_epoch is None else images / images_per_epoch,
            "train_flops": images * first["train_flops"] / first["images"],
            "device_hours": device_hours,
            "cost": None if price is None or device_hours is None else price * device_hours,
        }
    return TimeToQuality(
        **{name: first[name] for name in ("model", "rung", "series", "forward_gmacs", "ema")},
        guidance=first["guidance"],
        metric=first["metric"],
        label=first["label"],
        target=target,
        seeds=len(crossings),
        reached_by=len(reached),
        at_most=any(each.at_most for each in reached),
        nearest=worst["value"],
        nearest_images=worst["images"],
        checkpoints=min(len(own) for own in trainings),
        **answer,
    )
