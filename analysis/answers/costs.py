"""What did the trainings cost? Time, throughput and utilisation per model, from what was logged."""

import math

import polars as pl

from scaling.study.planning.plan import Plan, root


def seconds_spent(plan: Plan, curves: pl.DataFrame, evaluations: pl.DataFrame) -> float:
    """Seconds of all trainings and all measurements together that were logged, each once however
    many trials share it, from ``curves_frame`` and ``evaluations_frame``; a trunk once, however
    many cooldowns went on from its seconds.
    """
    cooldowns = {
        trial.train_id: (root(trial), trial.spec.train.branch_step * trial.spec.train.batch)
        for trial in plan.trials
        if trial.spec.trunk
    }
    trunks: dict[str, float] = {}
    trained = 0.0
    for (train_id,), lines in curves.drop_nulls("train_wall_s").sort("step").group_by("train_id"):
        end, own = lines["train_wall_s"].max(), train_id
        if train_id in cooldowns:
            own, images = cooldowns[train_id]
            first = lines.row(0, named=True)
            begin = max(
                0.0,
                first["train_wall_s"]
                - max(0, first["images"] - images) / (first["images_per_s"] or math.inf),
            )
            trained += end - begin
            end = begin
        trunks[own] = max(trunks.get(own, 0.0), end)
    return float(
        trained + sum(trunks.values()) + evaluations.unique(["train_id", "eval_id"])["wall_s"].sum()
    )


def costs_table(
    trials: pl.DataFrame, curves: pl.DataFrame, evaluations: pl.DataFrame
) -> pl.DataFrame:
    """One row per model, length, batch and objective of completed trials, from the frames of
    trials, curves and evaluations.

    Means over ``trainings``: ``train_flops``, ``train_s`` (a cooldown's with its trunk's, as its
    FLOPs) and ``measure_s``, of every checkpoint and protocol. ``images_per_s`` and ``mfu`` (a
    share) are of a training's median logged line, over all its workers; ``flops_per_s`` is
    ``train_flops`` over ``train_s``. Null: not logged, or of a device without a known peak.
    """
    done = trials.filter(pl.col("state") == "completed").unique(
        ["train_id", "steps"], keep="first", maintain_order=True
    )
    logged = curves.group_by("trial_id").agg(
        pl.col("train_wall_s").max().alias("train_s"), pl.col("images_per_s", "mfu").median()
    )
    of_length = evaluations.join(trials.select("trial_id", "steps"), on="trial_id")
    measuring = (
        of_length.unique(["train_id", "steps", "eval_id"])
        .drop_nulls("wall_s")
        .group_by("train_id", "steps")
        .agg(pl.col("wall_s").sum().alias("measure_s"))
    )
    each = (
        done.select("trial_id", "train_id", "model", "steps", "batch", "objective", "train_flops")
        .join(logged, on="trial_id", how="left", maintain_order="left")
        .join(measuring, on=["train_id", "steps"], how="left", maintain_order="left")
    )
    return each.group_by("model", "steps", "batch", "objective", maintain_order=True).agg(
        pl.len().alias("trainings"),
        pl.col("train_flops", "train_s", "measure_s", "images_per_s", "mfu").mean(),
        (pl.col("train_flops") / pl.col("train_s")).mean().alias("flops_per_s"),
    )
