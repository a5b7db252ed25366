"""Writes numbers, intervals and counts for a reader: significant digits, a true minus, and an em
dash for what is not known.
"""

import math
from collections.abc import Sequence

import polars as pl

NAMED = 4  # rows named in a message
SPOKEN = {
    "fid": "FID",
    "kid": "KID",
    "heldout_loss": "held-out loss",
    "heldout_mse": "held-out MSE",
    "forward_gmacs": "Gflops",
    "train_flops": "training FLOPs",
    "params_m": "parameters",
    "ema": "average",
    "lr": "learning rate",
}


def number(value: float | int | None, digits: int = 3) -> str:
    """``value`` to ``digits`` significant digits; whole numbers in full, thousands apart; null as
    an em dash.
    """
    if value is None:
        return "—"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a figure; a missing one is None")
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(float(f"{value:.{digits - 1}e}"))))
    if -4 <= size <= 6:
        text = f"{value:,.{max(0, digits - 1 - size)}f}"
    else:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def fixed(value: float | None, places: int = 2) -> str:
    """``value`` with ``places`` decimals."""
    return "—" if value is None else f"{value:.{places}f}".replace("-", "−")


def interval(bounds: tuple[float, float] | None, places: int = 2) -> str:
    """``[low, high]``, or an em dash."""
    return "—" if bounds is None else f"[{fixed(bounds[0], places)}, {fixed(bounds[1], places)}]"


def seeds_text(rows: pl.DataFrame) -> str:
    """How many seeds measured each model of ``rows``: ``3 seeds``, ``1 to 3 seeds``."""
    seeds = rows.group_by("model").agg(pl.col("seed").n_unique())["seed"]
    low, high = seeds.min() or 0, seeds.max() or 0
    return count(high, "seed") if low == high else f"{low} to {high} seeds"


def count(n: int, singular: str, plural_form: str | None = None) -> str:
    """``1 seed``, ``3 seeds``."""
    return f"{n} {singular if n == 1 else plural_form or plural(singular)}"


def plural(word: str) -> str:
    """``patches``, ``kernels``, ``series``."""
    if word.endswith("series"):
        return word
    return word + ("es" if word.endswith(("ch", "sh", "s", "x")) else "s")


def listed(names: Sequence[str], which) -> str:
    """The names of rows, the first few of many: ``row 3, row 7 and 12 more``."""
    chosen = [names[i] for i in which]
    more = len(chosen) - NAMED
    return ", ".join(chosen[:NAMED]) + (f" and {more} more" if more > 0 else "")
