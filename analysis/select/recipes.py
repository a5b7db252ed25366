"""Which trainings may one law be fitted to? Those of one recipe, each model in one setting, at
steps where the learning rate has ended.
"""

from collections.abc import Sequence

import polars as pl

from analysis.select.curves import family_title

# columns that tell recipes apart in words
WORDS = ("family", "conditioning", "objective", "weighting", "schedule", "ema", "data")
SETTINGS = {
    "lr": "learning rates",
    "batch": "batches",
    "steps": "lengths",
    "ema": "weights",
    "objective": "objectives",
    "weighting": "loss weightings",
    "schedule": "schedules",
    "model_id": "networks",
}
# what all checkpoints of a model share in one law; of several studies one name may be two networks
OF_MODEL = ("model_id", "lr", "batch")
# what held-out loss can choose; of objectives it is another figure
TUNED = {"lr", "batch", "schedule"}


def recipes_of(rows: pl.DataFrame) -> dict[str, str]:
    """The recipes of ``rows``, a frame of trials or evaluations, each in words that tell it from
    the others.

    A recipe is all that decides a training but its model's shape, its length, learning rate, batch
    and seed, with the average of its weights; several families are several recipes. Published
    tables know it by their block design alone.
    """
    if (column := recipe_column(rows)) is None:
        return {}
    first = rows.unique(column, keep="first", maintain_order=True)
    apart = [name for name in WORDS if name in rows.columns and first[name].n_unique() > 1]
    if "family" in apart:
        first = first.with_columns(
            pl.Series("family", [family_title(family) for family in first["family"]])
        )
    rows_apart = first.select(apart).rows() if apart else []
    words = [", ".join(str(word) for word in row if word is not None) for row in rows_apart]
    if len(set(words)) < len(first):
        words = [
            f"{text} recipe {name}".strip()
            for text, name in zip(words or [""] * len(first), first[column])
        ]
    return dict(zip(first[column].to_list(), words))


def recipe_column(rows: pl.DataFrame) -> str | None:
    """The column of ``rows`` that tells recipes apart; None where nothing does."""
    return next((name for name in ("recipe", "conditioning") if name in rows.columns), None)


def one_recipe(rows: pl.DataFrame) -> None:
    """ValueError, with a trial of each of two, where ``rows`` hold several recipes: no law is of
    their mixture.
    """
    recipes = recipes_of(rows)
    if len(recipes) > 1:
        column = recipe_column(rows)
        trials = dict(rows.unique(column, keep="first").select(column, "trial_id").rows())
        (first, its), (second, other), *_ = recipes.items()
        raise ValueError(
            f"{len(recipes)} recipes are mixed, as in {trials[first]} and {trials[second]} ({its}; "
            f"{other}); no law is of their mixture, fit them apart"
        )


def main_recipe(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of the recipe of which most models are completed, the paper's block design where
    several have as many.
    """
    if len(recipes_of(rows)) < 2:
        return rows
    column = recipe_column(rows)
    done = rows.filter(pl.col("state") == "completed") if "state" in rows.columns else rows
    count = (
        (rows if done.is_empty() else done)
        .group_by(column, maintain_order=True)
        .agg(
            models=pl.col("model").n_unique(),
            published=(pl.col("conditioning") == "adaln-zero").fill_null(False).any(),
        )
    )
    return rows.filter(
        pl.col(column)
        == count.sort("models", "published", descending=True, maintain_order=True)[column][0]
    )


def one_setting(rows: pl.DataFrame, by: Sequence[str] = OF_MODEL) -> None:
    """ValueError names a model of which ``rows`` hold several of the columns ``by``, and what it
    was trained with.
    """
    if not (by := [column for column in by if column in rows.columns]):
        return
    several = rows.group_by("model", maintain_order=True).agg(
        pl.struct(by).n_unique().alias("ways")
    )
    for model, ways in several.filter(pl.col("ways") > 1).rows():
        mine = rows.filter(pl.col("model") == model)
        differ = [
            column for column in SETTINGS if column in mine.columns and mine[column].n_unique() > 1
        ]
        words = [
            f"{SETTINGS[column]} "
            f"{', '.join(_short(value) for value in mine[column].unique().sort())}"
            for column in differ
        ]
        chosen = ", chosen on held-out loss" if differ and TUNED.issuperset(differ) else ""
        raise ValueError(
            f"{model} was trained in {ways} ways ({'; '.join(words) or 'of other settings'}), one "
            "of them "
            f"{mine['trial_id'][0]}; a law needs one setting per model, keep one{chosen}"
        )


def ended(evaluations: pl.DataFrame) -> pl.DataFrame:
    """The checkpoints that a training of that length would have: of a learning rate that falls
    towards the end, the last alone (Hoffmann et al., arXiv 2203.15556, Appendix B); of a constant
    one all.
    """
    if "schedule" not in evaluations.columns:
        return evaluations
    return evaluations.filter((pl.col("schedule") == "constant") | pl.col("at_end"))


def _short(value) -> str:
    return (
        f"{value:g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
