"""Which learning rate is best for each model, and was the range wide enough? From a study that tried several."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class BestRate:
    """The learning rate of lowest held-out loss of one model."""

    model: str
    size: str
    patch: int
    lr: float
    heldout_loss: float         # mean over seeds
    tried: tuple[float, ...]    # rates with a held-out loss, ascending
    missing: tuple[float, ...]  # rates planned without one: diverged, failed or not run yet
    edge: str | None            # "lowest" or "highest" where the best is at the end of the planned range

    @property
    def note(self) -> str | None:
        return f"the {self.edge} tried; optimum may lie beyond" if self.edge else None


def searches_lr(trials: pl.DataFrame) -> bool:
    """Whether the trials try several learning rates on one model."""
    return bool(trials.group_by("model").agg(pl.col("lr").n_unique())["lr"].max() > 1)


def lr_table(trials: pl.DataFrame) -> pl.DataFrame:
    """One row per model and learning rate, in plan order: held-out loss (mean over completed seeds) and seeds."""
    done = pl.when(pl.col("state") == "completed").then(pl.col("heldout_loss"))
    return (trials.group_by("model", "size", "patch", "lr", maintain_order=True)
            .agg(done.mean().alias("heldout_loss"), done.count().alias("seeds"), done.std().alias("std"),
                 pl.col("state").unique().sort().str.join(", ").alias("states")))


def best_rates(trials: pl.DataFrame) -> list[BestRate]:
    """The best rate of each model with a held-out loss, in plan order. ValueError where none has one."""
    table = lr_table(trials)
    found = []
    for (model,), rows in table.group_by("model", maintain_order=True):
        rows = rows.sort("lr")
        measured = rows.filter(pl.col("heldout_loss").is_not_null())
        if measured.is_empty():
            continue
        best = measured.sort("heldout_loss", "lr").row(0, named=True)
        tried = tuple(measured["lr"])
        # A rate above that diverged bounds the range; one that has not run yet does not.
        bounded = rows.filter(pl.col("heldout_loss").is_not_null() | pl.col("states").str.contains("diverged"))["lr"]
        edge = None
        if len(bounded) > 1:
            edge = {bounded[0]: "lowest", bounded[-1]: "highest"}.get(best["lr"])
        found.append(BestRate(
            model=model, size=best["size"], patch=best["patch"], lr=best["lr"], heldout_loss=best["heldout_loss"],
            tried=tried, missing=tuple(rows.filter(pl.col("heldout_loss").is_null())["lr"]), edge=edge))
    if not found:
        raise ValueError(f"none of {len(trials)} trials has completed with a held-out loss; run the study to its end")
    return found
