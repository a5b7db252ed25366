"""Which learning rate is best, for each model and for each rung, and was the range wide enough?

For a study that tried several rates of one model that is trained alike otherwise; batches, lengths
and recipes have a best of their own. Best is the lowest mean of log held-out loss: over the seeds
of a model, or over series and seeds of a rung. A rate counts where every trial planned with it has
completed.
"""

from dataclasses import dataclass
from typing import Literal

import polars as pl

from analysis.select.recipes import recipes_of
from analysis.select.trials import stopped_early

_SPOKEN = {"model": "model", "rung": "size"}
# each where those before do not tell it already
APART = ("recipe", "batch", "steps")


@dataclass(frozen=True)
class BestRate:
    """The learning rate of lowest held-out loss of one model, or of one rung over its series."""

    of: str  # the model or rung
    # what one model was trained with besides, see ``named``; empty where that is one thing
    besides: str
    lr: float
    heldout_loss: float  # geometric mean over the trials at this rate
    tried: tuple[float, ...]  # rates that count, ascending
    missing: tuple[float, ...]  # rates planned that do not: lost, stopped or not run yet
    edge: str | None  # "lowest" or "highest" where the best is at the end of the range

    @property
    def name(self) -> str:
        return f"{self.of}, {self.besides}" if self.besides else self.of

    @property
    def note(self) -> str | None:
        return f"the {self.edge} tried; optimum may lie beyond" if self.edge else None


def searches_lr(trials: pl.DataFrame) -> bool:
    """Whether the trials try several learning rates on one model, all else being equal."""
    return bool(
        trials.group_by("model", *_apart(trials)).agg(pl.col("lr").n_unique())["lr"].max() > 1
    )


def named(trials: pl.DataFrame, by: Literal["model", "rung"] = "model") -> pl.DataFrame:
    """``trials`` with columns ``besides``, in words what one model was trained with beside its rate
    (empty where that is one thing), and ``name``: the model (or rung) with it.
    """
    recipes = recipes_of(trials)
    words = {
        "recipe": pl.col("recipe").replace_strict(recipes, default=None)
        if "recipe" in trials.columns
        else None,
        "batch": pl.format("batch {}", "batch"),
        "steps": pl.format("{} steps", "steps"),
    }
    parts = [words[column] for column in _apart(trials)]
    besides = pl.concat_str(parts, separator=", ") if parts else pl.lit("")
    return trials.with_columns(
        besides.alias("besides"), pl.concat_str(by, *parts, separator=", ").alias("name")
    )


def _apart(trials: pl.DataFrame) -> list[str]:
    """What one model has several of, learning rates and sampling aside."""
    columns: list[str] = []
    for column in APART:
        if (
            column in trials.columns
            and trials.group_by("model", *columns).agg(pl.col(column).n_unique())[column].max() > 1
        ):
            columns.append(column)
    return columns


def lr_table(trials: pl.DataFrame, by: Literal["model", "rung"] = "model") -> pl.DataFrame:
    """One row per ``name``, ``besides`` (of ``named``) and rate, in plan order: ``heldout_loss``,
    null where the rate does not count.

    ``bounds`` says whether the rate delimits the range that was searched: measured, too high to
    train, or stopped early by ASHA as worse than others. ValueError names a trial whose held-out
    loss has no logarithm.
    """
    done = pl.col("state") == "completed"
    improper = trials.filter(done & (pl.col("heldout_loss") <= 0))
    if len(improper):
        raise ValueError(
            f"{improper['trial_id'][0]} has held-out loss {improper['heldout_loss'][0]}, which has "
            "no "
            "logarithm to average; leave it out by name or measure it again"
        )
    measured = done & pl.col("heldout_loss").is_not_null()
    names = list(dict.fromkeys(["name", "besides", by]))
    return (
        named(trials, by)
        .group_by(*names, "lr", maintain_order=True)
        .agg(
            pl.when(measured.all())
            .then(pl.col("heldout_loss").log().mean().exp())
            .alias("heldout_loss"),
            (
                measured.all() | (pl.col("state") == "diverged").any() | stopped_early(trials).any()
            ).alias("bounds"),
            measured.sum().alias("completed"),
            pl.len().alias("planned"),
        )
    )


def best_rates(trials: pl.DataFrame, by: Literal["model", "rung"] = "model") -> list[BestRate]:
    """The best rate of each model (or rung) that has one, in plan order. ValueError where none
    has.
    """
    best_of = []
    for (of, besides), rows in lr_table(trials, by).group_by(by, "besides", maintain_order=True):
        rows = rows.sort("lr")
        measured = rows.filter(pl.col("heldout_loss").is_not_null())
        if measured.is_empty():
            continue
        best = measured.sort("heldout_loss", "lr").row(0, named=True)
        ends = rows.filter("bounds")["lr"]
        edge = {ends[0]: "lowest", ends[-1]: "highest"}.get(best["lr"]) if len(ends) > 1 else None
        best_of.append(
            BestRate(
                of=of,
                besides=besides,
                lr=best["lr"],
                heldout_loss=best["heldout_loss"],
                tried=tuple(measured["lr"]),
                missing=tuple(rows.filter(pl.col("heldout_loss").is_null())["lr"]),
                edge=edge,
            )
        )
    if not best_of:
        done = int((trials["state"] == "completed").sum())
        raise ValueError(
            f"no {_SPOKEN[by]} has completed all its trials at any learning rate ({done} of "
            f"{len(trials)} trials have); run the study to its end"
        )
    return best_of
