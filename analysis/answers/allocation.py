"""How should compute be split between model and images? The finding of a study that trains several
sizes at equal budgets.
"""

import polars as pl

from analysis.answers.study import Answers
from analysis.fits.approaches import budgets
from analysis.fits.approaches.isoflop import IsoFlop
from analysis.select.curves import with_curves
from analysis.text import fixed, number

# of a study that asks for the split, whether or not it came to answer it
LEAST_SIZES, LEAST_BUDGETS = 3, 2


def asks_split(trials: pl.DataFrame) -> bool:
    """Whether the plan trades size for length: budgets (``fits.budgets``) with several
    models of a curve.
    """
    if (
        trials.is_empty()
        or trials.group_by("model").agg(pl.col("steps").n_unique())["steps"].max() == 1
    ):
        return False
    return any(_budgets(rows) >= LEAST_BUDGETS for _, rows in with_curves(trials).group_by("curve"))


def split_sentence(answers: Answers) -> str:
    """The exponent of the compute-optimal model with its interval, budgets and what speaks against
    it, or why there is none.
    """
    try:
        curve, fitted = answers.losses[0], answers.isoflop
    # no minima, or values that do not belong together: that is the finding
    except ValueError as reason:
        return f"How to split training compute between model and images cannot be stated: {reason}."
    doubts = "".join(f" Beware: {doubt.text}." for doubt in answers.isoflop_doubts)
    return _sentence(fitted, curve, answers.selection.trials) + doubts


def _sentence(fitted: IsoFlop, curve: str, trials: pl.DataFrame) -> str:
    used, (low, high) = fitted.used, fitted.exponent_interval
    of = "" if len(used) == len(fitted.minima) else f" of {len(fitted.minima)}"
    several = f" at {curve}" if with_curves(trials)["curve"].n_unique() > 1 else ""
    sentence = (
        f"Over {len(used)}{of} budgets, {number(used[0].flops, 2)} to {number(used[-1].flops, 2)} "
        "training FLOPs, the "
        f"model of lowest held-out loss{several} grows as N ∝ C^{fixed(fitted.exponent)} (95 % "
        f"interval {fixed(low)} to "
        f"{fixed(high)}; N in MACs of a forward pass)"
    )
    if 0 < low and high < 1:
        sentence += (
            f", so ten times the compute C is best split into {number(10**fitted.exponent, 2)} "
            "times the model and "
            f"{number(10 ** (1 - fitted.exponent), 2)} times the images."
        )
    else:
        sentence += ", which does not resolve how compute should be split between model and images."
    without = [m for m in fitted.minima if m.n is None]
    if not without:
        return sentence
    reasons = "; ".join(f"{number(m.flops, 2)} FLOPs: {m.why}" for m in without[:2])
    more = f"; and {len(without) - 2} more" if without[2:] else ""
    return (
        f"{sentence} {len(without)} {'gives' if len(without) == 1 else 'give'} no minimum "
        f"({reasons}{more})."
    )


def _budgets(trials: pl.DataFrame) -> int:
    """How many budgets hold LEAST_SIZES models or more."""
    models = trials["model"].to_numpy()
    return sum(
        len(set(models[group])) >= LEAST_SIZES
        for group in budgets.same_budget(trials["train_flops"].to_numpy())
    )
