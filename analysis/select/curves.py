"""Which curve does a row belong to, in which order do curves and rungs stand, what are they called?

A curve joins the rungs of one series of one family: of DiT, the sizes at one patch. A family
without series has one curve. What is trained behind several tokenizers has a curve for each.
"""

import polars as pl

from scaling.study.families import FAMILIES

NO_SERIES = "Series"  # the head of a legend's group whose series share no first word


def with_curves(rows: pl.DataFrame) -> pl.DataFrame:
    """``rows``, a frame with columns ``family`` and ``series``, with a column ``curve`` that names
    the curve of each row: ``patch 2``.

    Where several families are among the rows, the name begins with the family: ``DiT, patch 2``,
    ``unet``. A null series is named by its family. Where several tokenizers are, it begins with
    the tokenizer: ``pixels, patch 2``.
    """
    titles = {family: family_title(family) for family in rows["family"].unique()}
    family = pl.col("family").replace_strict(titles, return_dtype=pl.String)
    series = pl.col("series").cast(pl.String)
    named = series if len(titles) < 2 else pl.concat_str(family, series, separator=", ")
    curve = pl.coalesce(named, family)
    if "tokenizer" in rows.columns and rows["tokenizer"].drop_nulls().n_unique() > 1:
        curve = pl.concat_str(pl.col("tokenizer"), curve, separator=", ", ignore_nulls=True)
    return rows.with_columns(curve=curve)


def curve_order(rows: pl.DataFrame) -> list[str]:
    """The curves of ``rows``, which ``with_curves`` has named, the cheapest first, those of one
    family together.

    Cheap means few ``forward_gmacs`` at the rungs that several curves share, so that the order does
    not depend on which rungs each curve has; among curves that share none, at their least rung.
    """
    cells = rows.group_by("family", "rung", "curve").agg(pl.col("forward_gmacs").min().log())
    rung = ["family", "rung"]
    excess = pl.col("forward_gmacs") - pl.col("forward_gmacs").mean().over(rung)
    shared = pl.len().over(rung) > 1
    return (
        cells.with_columns(
            excess=pl.when(shared).then(excess),
            of_family=pl.col("forward_gmacs").min().over("family"),
        )
        .group_by("family", "curve")
        .agg(
            pl.col("of_family").first(),
            pl.col("excess").mean().fill_null(0.0).round(9),
            pl.col("forward_gmacs").min(),
        )
        .sort("of_family", "family", "excess", "forward_gmacs", "curve", nulls_last=True)["curve"]
        .to_list()
    )


def rung_order(rows: pl.DataFrame) -> list[str]:
    """The rungs of ``rows``, the least first: fewest parameters, then least ``forward_gmacs``."""
    return (
        rows.group_by("rung")
        .agg(pl.col("params_m").mean(), pl.col("forward_gmacs").min())
        .sort("params_m", "forward_gmacs", "rung", nulls_last=True)["rung"]
        .to_list()
    )


def curve_labels(rows: pl.DataFrame) -> tuple[str, dict[str, str]]:
    """The head of a legend's group of the curves of ``rows``, and the label of each under it, in
    ``curve_order``.

    Where all series begin with the same word, the head bears it: ``Patch`` with ``8`` and ``4``.
    """
    curves = curve_order(rows)
    words = [curve.split(" ", 1) for curve in curves]
    are_series = rows["family"].n_unique() == 1 and not rows["series"].null_count()
    if are_series and len({parts[0] for parts in words}) == 1 and all(parts[1:] for parts in words):
        return words[0][0].capitalize(), {
            curve: parts[1] for curve, parts in zip(curves, words, strict=True)
        }
    return NO_SERIES, {curve: curve for curve in curves}


def family_title(family: str) -> str:
    """A family as a legend writes it; its name where it has no title or its code is not loaded."""
    network = FAMILIES.get(family)
    return (network.TITLE if network else None) or family
