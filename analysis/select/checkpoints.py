"""Which measured checkpoints may enter a fit or a figure? Those of one metric and one protocol, of
trials that have not diverged or failed.
"""

import polars as pl

from analysis.select.curves import curve_order, with_curves
from analysis.select.protocols import APART, one_axis
from analysis.select.recipes import OF_MODEL, ended, main_recipe, one_recipe, one_setting
from analysis.text import SPOKEN

STOPPED_EARLY = "stopped by ASHA"  # what a stopped trial is called where only its state is known
LOST = ("diverged", "failed", STOPPED_EARLY)  # states of a trial that will have no last value
GUIDED = ("fid", "recall", "precision")  # metrics that are drawn against guidance


def completed(evaluations: pl.DataFrame, running: bool = False) -> pl.DataFrame:
    """Rows of completed trials, or where ``running`` of all that did not diverge or fail.
    ValueError, with the states there are, where there are none.
    """
    rows = evaluations.filter(
        ~pl.col("state").is_in(LOST) if running else pl.col("state") == "completed"
    )
    if rows.is_empty():
        states = evaluations.unique("trial_id").group_by("state").len().sort("state").rows()
        there = ", ".join(f"{n} {state}" for state, n in states) or "none is evaluated"
        raise ValueError(
            f"no evaluated trial is {'under way or ' if running else ''}completed ({there}); there "
            "is nothing to fit"
        )
    return rows


def headline(
    evaluations: pl.DataFrame, metric: str = "fid", across_protocols: bool | None = None
) -> pl.DataFrame:
    """The measured rows of one metric against its headline reference. ValueError where there are
    none, or protocols are mixed (unless ``across_protocols``, None where the caller leaves no
    choice).
    """
    rows = evaluations.filter(
        (pl.col("metric") == metric) & pl.col("headline") & pl.col("value").is_not_null()
    )
    if rows.is_empty():
        raise ValueError(
            f"no evaluation has a {SPOKEN.get(metric, metric)}; it was not asked for, or is not "
            "measured yet"
        )
    if across_protocols is None:
        one_axis(rows)
    else:
        one_axis(rows, across_protocols, APART)
    return rows


def fit_checkpoints(evaluations: pl.DataFrame, metric: str = "fid") -> pl.DataFrame:
    """The checkpoints that a law over training may be fitted to: completed trials of one recipe,
    each model in one setting, the ends alone where the learning rate falls; each checkpoint once.

    A loss does not depend on how samples are drawn, so there protocols are no reason to refuse.
    ValueError names the trials that do not belong together.
    """
    across = None if metric == "fid" else True
    rows = ended(headline(completed(evaluations), metric, across))
    one_recipe(rows)
    one_setting(rows)
    return rows.unique(["train_id", "step"], keep="first", maintain_order=True)


def forecast_checkpoints(evaluations: pl.DataFrame) -> pl.DataFrame:
    """The FIDs that a forecast rests on: every checkpoint of one recipe and protocol, of running
    trials too; each once. ValueError names the trials that do not belong together.
    """
    rows = headline(completed(evaluations, running=True))
    one_recipe(rows)
    one_setting(rows, ["model_id"])  # learning rates and batches have words of their own
    return rows.unique(["train_id", "step"], keep="first", maintain_order=True)


def training_checkpoints(evaluations: pl.DataFrame) -> pl.DataFrame:
    """The FIDs over training of completed trials of the main recipe, cheapest first. ValueError
    names the trials that do not belong together.
    """
    rows = ended(headline(main_recipe(completed(evaluations))))
    one_setting(rows)
    # lengths share their checkpoints
    rows = rows.filter(pl.col("trial_id") == pl.col("trial_id").first().over("eval_id"))
    improper = rows.filter(~(pl.col("value").is_finite() & (pl.col("value") > 0)))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has FID {improper['value'][0]} at {improper['step'][0]:,} "
            "steps, which has no logarithm; leave it out by name or measure it again"
        )
    twice = rows.filter(pl.struct("model", "seed", "step").is_duplicated())
    if len(twice):
        named = ", ".join(twice["trial_id"].unique(maintain_order=True)[:4])
        raise ValueError(
            f"measured twice at one step: {named}; keep one of each model, seed and step"
        )
    return rows.sort("train_flops")


def last_metrics(evaluations: pl.DataFrame) -> pl.DataFrame:
    """Every headline metric of completed trials at their last step. ValueError where nothing is
    measured there, or the trials do not belong together.
    """
    last = evaluations.filter(
        pl.col("headline")
        & pl.col("value").is_not_null()
        & (pl.col("state") == "completed")
        # the decoder's, the same for every model
        & (pl.col("metric") != "rfid")
        & (pl.col("step") == pl.col("step").max().over("trial_id"))
    )
    if last.is_empty():
        raise ValueError(
            "no completed trial has a metric at its last step; run the study to its end"
        )
    one_axis(last)
    one_recipe(last)
    last = last.with_columns(steps="step")
    one_setting(last, ["cell"])
    return last


def guided_metrics(evaluations: pl.DataFrame) -> pl.DataFrame:
    """The metrics GUIDED of completed trials at their end, alike but for guidance. ValueError where
    no model was sampled at two scales, or values differ in anything else.
    """
    rows = completed(evaluations).filter(
        pl.col("headline") & pl.col("metric").is_in(GUIDED) & pl.col("value").is_not_null()
    )
    rows = rows.filter("at_end").with_columns(steps="step")
    if (
        rows.is_empty()
        or rows.group_by("model").agg(pl.col("guidance").n_unique())["guidance"].max() < 2
    ):
        raise ValueError(
            "no model was measured at two guidance scales; evaluate it at more, such as 1, 1.5 and "
            "4"
        )
    if (
        rows.group_by("metric").agg(pl.col("label_over_guidance").n_unique())["label_over_guidance"]
        > 1
    ).any():
        raise ValueError(
            "figures of protocols that differ in more than guidance do not belong on one axis"
        )
    one_setting(rows, ["recipe", *OF_MODEL, "steps"])
    return rows


def most_models(rows: pl.DataFrame) -> tuple[str, pl.DataFrame]:
    """The curve with most models, of several the dearest, and its rows of ``fit_checkpoints``.

    One curve at a time: what tells curves apart, as tokens do, is an axis that a law of N and D
    does not have.
    """
    rows = with_curves(rows)
    models = dict(rows.group_by("curve").agg(pl.col("model").n_unique()).rows())
    curve = max(reversed(curve_order(rows)), key=lambda curve: models[curve])
    return curve, rows.filter(pl.col("curve") == curve)


def frontier(rows: pl.DataFrame) -> pl.DataFrame:
    """Of ``fit_checkpoints``, means over seeds, those that no cheaper one betters: model, step,
    train_flops, fid; cheapest first.
    """
    means = (
        rows.group_by("model", "step")
        .agg(pl.col("train_flops").first(), pl.col("value").log().mean().exp().alias("fid"))
        .sort("train_flops", "fid")
    )
    return means.filter(pl.col("fid") < pl.col("fid").cum_min().shift(1, fill_value=float("inf")))
