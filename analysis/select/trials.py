"""Which trials may enter a fit? Completed, measured, of one protocol, each model in one setting."""

import polars as pl

from analysis.select.protocols import one_axis
from analysis.select.recipes import OF_MODEL, one_recipe, one_setting
from analysis.text import SPOKEN
from scaling.records.halving import BY_ASHA

METRICS = ("fid", "kid", "heldout_loss")  # columns of a trial that a law may be fitted to
LOSSES = ("heldout_loss", "heldout_mse")  # those that do not depend on how samples are drawn


def check_metric_name(metric: str) -> None:
    """ValueError where no trial has a column of that name."""
    if metric not in (known := dict.fromkeys(METRICS + LOSSES)):
        raise ValueError(f"no metric {metric!r} of a trial; there are {', '.join(known)}")


def fit_points(trials: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The trials that may enter a fit: completed, with ``metric`` measured. One row per model and
    seed.

    ValueError, naming the trials, where they do not belong on one axis: other protocols, several
    settings of one model, values that have no logarithm. ``metric`` is one of METRICS or LOSSES;
    in a law of its loss a training that is sampled in several ways is one trial. See ``left_out``
    for those that are missing.
    """
    check_metric_name(metric)
    points = measured(trials, metric)
    if points.is_empty():
        ended = trials["state"].is_in(["completed", "diverged", "failed"]).all()
        raise ValueError(
            f"no completed trial has a {SPOKEN[metric]} ({states_text(trials) or 'no trials'}); "
            + ("all have ended" if ended else "run the study to its end")
        )
    if metric in LOSSES:
        one_recipe(points)
        one_setting(points, ["recipe", *OF_MODEL, "steps"])
        points = (
            points.unique("train_id", keep="first", maintain_order=True)
            if "train_id" in points.columns
            else points
        )
    else:
        one_axis(points)
        one_setting(points, ["cell"])
    _once_each(points, ["model", "seed"], "model and seed")
    _logarithms(points, metric, metric.upper())
    return points


def sampling_points(trials: pl.DataFrame) -> pl.DataFrame:
    """The completed trials with a FID, alike but for their sampling steps. ValueError names those
    that are not.
    """
    points = measured(trials)
    if points.is_empty():
        raise ValueError("no completed trial has a FID; run the study to its end")
    for column, what in (("fid_label_over_steps", "protocols"), ("data", "data sets")):
        if (several := points[column].unique().sort().to_list())[1:]:
            named = "; ".join(several[:2]) + (f"; {len(several) - 2} more" if several[2:] else "")
            raise ValueError(
                f"{len(several)} {what} are mixed ({named}); their figures do not belong on one "
                "axis"
            )
    _logarithms(points, "fid", "FID")
    one_setting(points, ["recipe", *OF_MODEL, "steps"])
    _once_each(
        points, ["model", "seed", "sampling_steps"], "model, seed and number of sampling steps"
    )
    return points


def measured(trials: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The completed trials with a value of ``metric``."""
    return trials.filter((pl.col("state") == "completed") & pl.col(metric).is_not_null())


def left_out(trials: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The trials that are no part of a fit: trial_id, state, why."""
    return trials.filter((pl.col("state") != "completed") | pl.col(metric).is_null()).select(
        "trial_id", "state", "why"
    )


def stopped_early(trials: pl.DataFrame) -> pl.Expr:
    """Which of ``trials`` ASHA stopped: they have no last value, and are part of nothing but the
    list of trials.
    """
    if "why" not in trials.columns:
        return pl.lit(False)
    by_asha = pl.col("why").fill_null("").str.starts_with(BY_ASHA)
    return (pl.col("state") == "stopped") & by_asha


def without_stopped(evaluations: pl.DataFrame, trials: pl.DataFrame) -> pl.DataFrame:
    """``evaluations`` without those of the ``trials`` that ASHA stopped early, which were chosen by
    their loss.
    """
    early = trials.filter(stopped_early(trials))["trial_id"].to_list()
    return evaluations.filter(~pl.col("trial_id").is_in(early)) if early else evaluations


def states_text(trials: pl.DataFrame) -> str:
    """How many trials are in each state: ``3 completed, 1 failed``."""
    return ", ".join(
        f"{n} {state}" for state, n in trials.group_by("state").len().sort("state").rows()
    )


def _once_each(points: pl.DataFrame, by: list[str], what: str) -> None:
    repeated = points.filter(pl.struct(by).is_duplicated())
    if len(repeated):
        raise ValueError(
            f"trials measured twice: {', '.join(repeated['trial_id'][:4])}; keep one of each {what}"
        )


def _logarithms(points: pl.DataFrame, metric: str, called: str) -> None:
    improper = points.filter(~(pl.col(metric).is_finite() & (pl.col(metric) > 0)))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has {called} {improper[metric][0]}, which has no "
            "logarithm; leave it out by name or measure it again"
        )
