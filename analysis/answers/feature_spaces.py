"""Does the ranking of models agree between feature spaces?

A space is asked how far each model's samples are from the training images, in units of how far
held-out images are: FD(samples, train) / FD(held-out, train), the parts of an FDr. Two models are
told apart in a space where the 95 % interval of the difference of their log ratios is clear of
zero: over the seeds that both have, Student's; of one seed, from the sampling errors alone. Spaces
disagree where each of two tells a pair of models apart, in opposite orders.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from analysis.answers.verdicts import AGREE, DISAGREE, OPEN
from analysis.fits.linear import LEVEL, Z
from analysis.frames.columns import PART
from analysis.text import count, fixed, number

FEWEST = 3  # models with a ranking worth the name


@dataclass(frozen=True)
class InSpace:
    """One model in one space."""

    model: str
    features: str
    ratio: float  # geometric mean over seeds
    rank: int  # 1 is the best
    sampling: float | None  # share of the ratio: its error over other samples, of one training
    training: float | None  # the spread between seeds, a share; None for one seed
    seeds: int


@dataclass(frozen=True)
class Agreement:
    """Two spaces, and how alike they rank the models."""

    one: str
    other: str
    models: int
    rho: float  # Spearman's
    told_apart: int  # pairs of models that both spaces tell apart
    opposite: tuple[tuple[str, str], ...]  # those of them in opposite orders

    @property
    def verdict(self) -> str:
        """DISAGREE where they contradict each other, OPEN where they tell no pair apart."""
        if self.opposite:
            return DISAGREE
        return AGREE if self.told_apart else OPEN

    def __str__(self) -> str:
        pairs = f"{count(self.told_apart, 'pair')} of {math.comb(self.models, 2)} both tell apart"
        if not self.opposite:
            order = "in the same order" if self.told_apart else "so they rank nothing yet"
        else:
            a, b = self.opposite[0]
            order = f"{len(self.opposite)} of them in opposite orders, such as {a} and {b}"
        return f"{self.one} and {self.other}: Spearman's rho {fixed(self.rho)}; {pairs}, {order}"


def verdict_over(pairs: Sequence[Agreement]) -> str:
    """DISAGREE if any of ``pairs`` does, AGREE if any agrees and none disagrees, else OPEN."""
    said = {pair.verdict for pair in pairs}
    return next((word for word in (DISAGREE, AGREE) if word in said), OPEN)


@dataclass(frozen=True)
class FeatureSpaces:
    """The models of a study in each feature space of its FDr."""

    rows: list[InSpace]  # by space, best model first
    pairs: list[Agreement]
    real: dict[str, float]  # features -> FD(held-out, train), what a ratio is in units of

    @property
    def verdict(self) -> str:
        return verdict_over(self.pairs)

    @property
    def sentence(self) -> str:
        return f"The spaces {self.verdict} on the ranking. " + "; ".join(map(str, self.pairs)) + "."


def feature_spaces(evaluations: pl.DataFrame) -> FeatureSpaces:
    """The spaces of the headline FDr at the end of each training of ``evaluations``.

    ValueError where fewer than FEWEST models have one, or where they do not share their spaces.
    """
    parts = (
        evaluations.filter(
            (pl.col("metric") == "fdr")
            & pl.col("at_end")
            & pl.col("headline")
            & pl.col("value").is_not_null()
        )
        .select("model", "seed", "cell", pl.col("parts").str.json_decode(pl.List(PART)))
        .explode("parts")
        .unnest("parts")
    )
    models = parts["model"].unique(maintain_order=True).to_list()
    if len(models) < FEWEST:
        raise ValueError(
            f"a ranking by feature spaces needs {FEWEST} models with an FDr, and there are "
            f"{len(models)}; add fdr to evaluate.protocol.metrics, and spaces beside it"
        )
    if parts["cell"].n_unique() > len(models):
        raise ValueError("a model has FDr in several settings, which are not of one ranking")
    spaces = parts["features"].unique(maintain_order=True).to_list()
    values = {space: _of_space(parts.filter(pl.col("features") == space)) for space in spaces}
    if any(found.keys() != set(models) for found in values.values()):
        raise ValueError("the models' FDr are over different feature spaces: no common ranking")
    pairs = [agreement(a, b, values, models) for a, b in itertools.combinations(spaces, 2)]
    real = dict(parts.select("features", "real").iter_rows())
    return FeatureSpaces([row for space in spaces for row in _rows(space, values)], pairs, real)


@dataclass(frozen=True)
class Measured:
    """What several trainings of one thing measured, to be ranked: smaller is better."""

    logs: dict[int, float]  # seed -> log ratio
    errors: dict[int, float | None]  # seed -> its sampling error

    @property
    def mean(self) -> float:
        return float(np.mean([*self.logs.values()]))


def _of_space(parts: pl.DataFrame) -> dict[str, Measured]:
    found: dict[str, Measured] = {}
    for row in parts.iter_rows(named=True):
        model = found.setdefault(row["model"], Measured({}, {}))
        model.logs[row["seed"]] = math.log(row["ratio"])
        model.errors[row["seed"]] = None if row["se"] is None else row["se"] / row["fd"]
    return found


def _rows(space: str, values: dict[str, dict[str, Measured]]) -> Iterator[InSpace]:
    ordered = sorted(values[space].items(), key=lambda one: one[1].mean)
    for rank, (model, one) in enumerate(ordered, 1):
        errors = [error for error in one.errors.values() if error is not None]
        yield InSpace(
            model,
            space,
            math.exp(one.mean),
            rank,
            math.sqrt(np.mean(np.square(errors))) if errors else None,
            float(np.std([*one.logs.values()], ddof=1)) if len(one.logs) > 1 else None,
            len(one.logs),
        )


def agreement(
    one: str, other: str, values: dict[str, dict[str, Measured]], models: list[str]
) -> Agreement:
    """How alike ``values[one]`` and ``values[other]`` rank ``models``."""
    means = [[values[space][model].mean for model in models] for space in (one, other)]
    orders = {
        pair: tuple(_order(*(values[space][model] for model in pair)) for space in (one, other))
        for pair in itertools.combinations(models, 2)
    }
    told = {pair: order for pair, order in orders.items() if all(order)}
    opposite = tuple(pair for pair, (a, b) in told.items() if a != b)
    rho = float(stats.spearmanr(*means).statistic)
    return Agreement(one, other, len(models), rho, len(told), opposite)


def _order(a: Measured, b: Measured) -> int:
    """-1 where ``a`` is the better, 1 where ``b`` is, 0 where they are not told apart."""
    both = sorted(a.logs.keys() & b.logs.keys())
    gaps = np.array([a.logs[seed] - b.logs[seed] for seed in both])
    if len(gaps) > 1:
        half = float(stats.t.ppf((1 + LEVEL) / 2, len(gaps) - 1))
        half *= float(gaps.std(ddof=1)) / math.sqrt(len(gaps))
    else:
        errors = [one.errors[seed] for one in (a, b) for seed in both]
        if not errors or None in errors:
            return 0
        half = Z * math.hypot(*errors)
    gap = float(gaps.mean())
    return int(np.sign(gap)) if abs(gap) > half else 0


def spaces_table(ranking: FeatureSpaces) -> pl.DataFrame:
    """A row per model: its ratio, rank and both errors in each space, best model of the first
    space first.
    """
    spaces = list(ranking.real)
    by_model: dict[str, dict] = {}
    for row in ranking.rows:
        cells = by_model.setdefault(row.model, {"model": row.model})
        cells[row.features] = number(row.ratio)
        cells[f"rank, {row.features}"] = row.rank
        for what, error in (("sampling", row.sampling), ("training", row.training)):
            share = None if error is None else 100 * error
            cells[f"{what} error, {row.features}"] = f"{number(share, 2)} %" if error else "—"
    columns = ["model", *spaces, *(f"rank, {space}" for space in spaces)]
    columns += [f"{what} error, {space}" for space in spaces for what in ("sampling", "training")]
    return pl.DataFrame(list(by_model.values())).select(columns)
