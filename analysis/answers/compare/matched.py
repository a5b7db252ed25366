"""At equal Gflops, which of two recipes has the lower FID? Their models of one cost, pair by pair.

Families have no sizes in common, so nothing is paired by its name. Two models are a pair where one
forward pass of both takes the same Gflops to within ALIKE; each model is in one pair at most, the
closest first. Errors are between seeds (Welch), as those of the claims.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.answers.compare.ladder import times
from analysis.answers.contrast import Part, cells_of, contrast
from analysis.answers.slopes import GFLOPS
from analysis.answers.study import Answers
from analysis.fits.linear import slope_weights
from analysis.frames import Folder, studies, trials_frame
from analysis.select.protocols import one_axis
from analysis.select.recipes import one_recipe
from analysis.select.selection import Selection
from analysis.select.trials import check_metric_name
from analysis.text import SPOKEN, fixed, interval, number

ALIKE = 0.05  # of the Gflops of a forward pass
MOST = 3  # recipes beside the first that a sentence tells of
LEAST_TREND = 3  # pairs
LISTED = 4  # models that an error names


@dataclass(frozen=True)
class Pair:
    """A model of A and one of B that cost the same."""

    a: str
    b: str
    forward_gmacs: float  # of B
    apart: float  # Gflops of B over those of A, less 1
    log: float  # of the metric of B over that of A, means of logs over seeds
    change: Part | None  # the same with its error; None where one of them has one seed

    @property
    def verdict(self) -> int | None:
        """-1 where B's is lower, 1 where it is higher, 0 where the interval holds both."""
        if self.change is None:
            return None
        low, high = self.change.interval()
        return -1 if high < 0 else 1 if low > 0 else 0


@dataclass(frozen=True)
class Matched:
    """B beside A at equal Gflops, the cheapest pair first."""

    metric: str
    a: str  # the recipes in words
    b: str
    pairs: tuple[Pair, ...]
    mean: Part | None  # of the logs over the pairs, each counting the same
    trend: Part | None  # of the logs on log Gflops; None below LEAST_TREND pairs
    note: str = ""  # how each was measured and trained, where that was not alike
    own_protocols: bool = False  # they were measured by different protocols


def matched(
    a: pl.DataFrame, b: pl.DataFrame, names: tuple[str, str] = ("A", "B"), metric: str = "fid"
) -> Matched:
    """``a`` and ``b``: selected rows of one recipe each (``Selection.points``), called ``names``.

    ValueError where no model of one costs what a model of the other does.
    """
    for own in (a, b):
        one_recipe(own)
    mine, theirs = (cells_of(own, metric=metric).sort(GFLOPS, "model") for own in (a, b))
    which = _pairs(mine[GFLOPS].to_numpy(), theirs[GFLOPS].to_numpy())
    if not which:
        costs = [
            f"{name}: {', '.join(f'{model} {number(cost)}' for model, cost in rows[:LISTED])}"
            for name, own in zip(names, (mine, theirs))
            for rows in [own.select("model", GFLOPS).rows()]
        ]
        raise ValueError(
            f"no model of one recipe costs what one of the other does within {ALIKE:.0%} of its "
            f"Gflops ({'; '.join(costs)}); train a model of the Gflops of one of these"
        )
    mine, theirs = mine[[i for i, _ in which]], theirs[[j for _, j in which]]
    cells = pl.concat([mine, theirs], how="diagonal_relaxed")
    n, gains = len(which), np.hstack([-np.eye(len(which)), np.eye(len(which))])
    parts = [contrast_of(of, cells, gain) for of, gain in zip(theirs["model"], gains)]
    x = theirs[GFLOPS].log().to_numpy()
    pairs = [
        Pair(one["model"], other["model"], cost, cost / one[GFLOPS] - 1, float(gain), part)
        for one, other, gain, part in zip(
            mine.to_dicts(), theirs.to_dicts(), gains @ cells["mean"].to_numpy(), parts
        )
        for cost in [other[GFLOPS]]
    ]
    return Matched(
        metric,
        *names,
        tuple(pairs),
        contrast_of("all pairs", cells, gains.mean(0)),
        contrast_of("trend", cells, slope_weights(x) @ gains) if n >= LEAST_TREND else None,
        _else_differs(a, b, names),
        a["protocol"].unique().sort().to_list() != b["protocol"].unique().sort().to_list(),
    )


def matched_within(answers: Answers, metric: str = "fid") -> list[Matched]:
    """Each other recipe of a study beside its first, where they have models of one cost."""
    (first, of_first), *others = answers.by_recipe.items()
    told = []
    for words, own in others:
        try:
            both = (of_first.selection.points(metric), own.selection.points(metric))
            told.append(matched(*both, (first, words), metric))
        except ValueError:  # nothing measured, or no such pair: of this recipe nothing is told
            continue
    return told


def study_matched(folder: Folder, metric: str = "fid") -> list[Matched]:
    """The same of a study's records. ValueError where no two recipes have models of one cost."""
    check_metric_name(metric)
    (study,) = studies(folder)
    answers = Answers(Selection(trials_frame(study)))
    if found := matched_within(answers, metric):
        return found
    recipes = answers.by_recipe
    if len(recipes) < 2:
        raise ValueError(
            f"{study.folder.name} has no two recipes; give another study, STUDY_B, to compare with"
        )
    one, other = list(recipes.values())[:2]  # for the reason why not
    return [matched(one.selection.points(metric), other.selection.points(metric), metric=metric)]


def studies_matched(a: Folder, b: Folder, metric: str, across_protocols: bool) -> Matched:
    """The recipe of one study beside that of another."""
    (one,), (other,) = studies(a), studies(b)
    mine, theirs = (Selection(trials_frame(study)).points(metric) for study in (one, other))
    one_axis(
        pl.concat([mine, theirs], how="diagonal_relaxed"),
        across_protocols,
        "compare them only with across_protocols=True (--across-protocols)",
    )
    return matched(mine, theirs, (one.folder.name, other.folder.name), metric)


def matched_sentence(found: Matched) -> str:
    """``At equal Gflops B's FID is 0.32 [0.27, 0.38] times that of A ...``."""
    ratios = [ratio_text(pair.log, pair.change) for pair in found.pairs]
    told = f"{', '.join(ratios[:-1])} and {ratios[-1]}" if ratios[1:] else ratios[0]
    verdicts = [pair.verdict for pair in found.pairs]
    words = {-1: "lower", 1: "higher", 0: "not resolved", None: "without an error, of one seed,"}
    tally = ", ".join(
        f"{word} at {verdicts.count(verdict)}"
        for verdict, word in words.items()
        if verdict in verdicts
    )
    if set(verdicts) == {None}:
        tally = "from one seed, so without an error"
    up = f" (the cheapest of {len(ratios)} pairs first)" if ratios[1:] else ""
    apart = ", each measured by its own protocol" if found.own_protocols else ""
    return (
        f"At equal Gflops the {SPOKEN.get(found.metric, found.metric)} of {found.b} is "
        f"{told} times that of {found.a}{apart}{up}: {tally}."
    )


def matched_text(found: list[Matched]) -> str:
    """What the command prints."""
    lines = []
    for own in found:
        lines.append(f"{own.b} against {own.a}: {own.metric} at equal Gflops")
        lines += [
            f"  {pair.b} ({number(pair.forward_gmacs)} Gflops) against {pair.a}"
            + (f", {number(100 * abs(pair.apart), 2)} % apart" if pair.apart else "")
            + f": {ratio_text(pair.log, pair.change)} times"
            for pair in own.pairs
        ]
        if own.mean is not None and len(own.pairs) > 1:
            lines.append(
                f"  all {len(own.pairs)}, each counting the same: "
                f"{ratio_text(own.mean.value, own.mean)} times"
            )
        if own.trend is not None:
            t = own.trend
            lines.append(f"  trend: ratio ∝ Gflops^{fixed(t.value)} {interval(t.interval())}")
        lines += [f"  {own.note}"] if own.note else []
    return "\n".join(lines)


def ratio_text(log: float, change: Part | None) -> str:
    """``0.32 [0.27, 0.38]``, without an interval where none is known."""
    if change is None:
        return number(math.exp(log))
    value, low, high = (number(end) for end in times(change))
    return f"{value} [{low}, {high}]"


def _pairs(a: np.ndarray, b: np.ndarray) -> list[tuple[int, int]]:
    """Places of the models of each pair, by Gflops ``a`` (n,) and ``b`` (m,)."""
    gaps = sorted(
        (abs(math.log(b[j] / a[i])), i, j)
        for i, j in itertools.product(range(len(a)), range(len(b)))
    )
    taken: list[tuple[int, int]] = []
    for gap, i, j in gaps:
        if gap <= math.log1p(ALIKE) and all(i != k and j != m for k, m in taken):
            taken.append((i, j))
    return sorted(taken, key=lambda pair: b[pair[1]])


def contrast_of(of: str, cells: pl.DataFrame, weights: np.ndarray) -> Part | None:
    """``weights`` (n,) on the cell means; None where one of them has one seed."""
    used = cells.filter(pl.Series(weights != 0))
    if (used["seeds"] < 2).any():
        return None
    return contrast(of, used, weights[weights != 0])


def _else_differs(a: pl.DataFrame, b: pl.DataFrame, names: tuple[str, str]) -> str:
    """How the two were measured and trained, where they were not alike."""
    columns = ("fid_label" if "fid_label" in a.columns else "protocol", "steps", "batch")
    told = []
    for column in columns:
        values = [own[column].unique().sort().to_list() for own in (a, b) if column in own.columns]
        if len(values) == 2 and values[0] != values[1]:
            each = (" or ".join(map(str, own)) for own in values)
            what = column if column in ("steps", "batch") else "measured as"
            told += [f"{name}: {what} {value}" for name, value in zip(names, each)]
    return "; ".join(told)
