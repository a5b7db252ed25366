"""Where does one training's curve first reach a quality, and how sure is the mean over seeds?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.distributions import t_quantile
from analysis.fits.linear import LEVEL, Bounds, Z


@dataclass(frozen=True)
class Crossing:
    """Where one training reaches it: log images, the sampling error of that, and hours there."""

    log_images: float
    error: float | None
    at_most: bool
    hours: float | None


def crossing(
    rows: pl.DataFrame, target: float, spent: tuple[np.ndarray, np.ndarray] | None
) -> Crossing | None:
    """Where one training's ``rows``, by step, first have a value of ``target`` or less."""
    values, images = rows["value"].to_numpy(), rows["images"].to_numpy()
    below = np.flatnonzero(values <= target)
    if not len(below):
        return None
    after = int(below[0])
    if after == 0:
        return Crossing(math.log(images[0]), None, True, _hours_at(spent, images[0]))
    # a value of zero or less, as an unbiased KID may have, has no logarithm
    scale = np.log if min(values[after - 1], values[after]) > 0 else np.asarray
    start, end, there = scale(values[after - 1]), scale(values[after]), scale(target)
    fall, length = float(start - end), math.log(images[after] / images[after - 1])
    part = float(start - there) / fall
    log_images = math.log(images[after - 1]) + part * length
    errors = rows["se"].to_numpy()[[after - 1, after]]
    if scale is np.log:
        errors = errors / values[[after - 1, after]]
    known = np.isfinite(errors.astype(float)).all()
    error = length / fall * math.hypot((1 - part) * errors[0], part * errors[1]) if known else None
    return Crossing(log_images, error, False, _hours_at(spent, math.exp(log_images)))


def images_interval(reached: list[Crossing]) -> Bounds | None:
    """Student's over seeds, in log images; of one seed from its sampling error; None where a first
    checkpoint had reached it, or no error is known.
    """
    if any(seed.at_most for seed in reached):
        return None
    logs = np.array([seed.log_images for seed in reached])
    errors = [seed.error for seed in reached if seed.error is not None]
    if len(logs) > 1:
        # the seeds' own scatter holds the sampling error; few seeds may scatter less by luck
        sampling = np.mean(np.square(errors)) if len(errors) == len(logs) else 0.0
        variance = max(float(np.var(logs, ddof=1)), float(sampling))
        quantile = float(t_quantile((1 + LEVEL) / 2, len(logs) - 1))
        half = quantile * math.sqrt(variance / len(logs))
    elif errors:
        half = Z * errors[0]
    else:
        return None
    middle = float(np.mean(logs))
    return math.exp(middle - half), math.exp(middle + half)


def logged_hours(
    curves: pl.DataFrame | None, workers: Mapping[str, int]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Of each training: images (n,) and device-hours (n,) spent up to them, as logged."""
    if curves is None:
        return {}
    lines = curves.drop_nulls("train_wall_s").unique(["train_id", "step"]).sort("step")
    return {
        train_id: (
            own["images"].to_numpy(),
            own["train_wall_s"].to_numpy() * workers.get(train_id, 1) / 3600,
        )
        for (train_id,), own in lines.group_by("train_id", maintain_order=True)
    }


def _hours_at(spent: tuple[np.ndarray, np.ndarray] | None, images: float) -> float | None:
    """Device-hours at ``images``, in proportion before the first logged line."""
    if spent is None:
        return None
    seen, hours = spent
    return float(np.interp(images, np.r_[0, seen], np.r_[0.0, hours]))
