"""How much compute is recipe B worth over recipe A, and does that grow with scale? Two studies of
the same rungs.

The compute multiplier at a rung: how many times B's training FLOPs recipe A would need for B's
figure, along A's own power law over the sizes of that patch. Its interval holds the seeds of both
recipes and those of A's law (a contrast of the cell means, linearised; Welch), and how far A's law
bends between its rungs: the scatter of A's rungs about the law beyond what seeds explain. Where
rungs have one seed, the seeds of others tell its error, or, where none has two, the scatter of all
rungs about both laws. The trend is the power of training FLOPs with which the multiplier grows; a
crossover is where it passes 1.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from analysis.answers.contrast import cells_of, contrast
from analysis.answers.slopes import LOSSES, Bounds, fit_points
from analysis.claims.claim import Part
from analysis.fits.holdout import FAR
from analysis.fits.linear import Noise
from analysis.fits.points import listed
from analysis.frames import Folder, studies, trials_frame
from analysis.select.losses import loss_frames
from analysis.select.protocols import one_axis
from analysis.select.recipes import one_recipe
from analysis.text import count, fixed, interval, number

WORTH = 1.2  # a multiplier that a comparison should be able to resolve
LEAST = 1.001  # below it the one seen is none
BETTER, WORSE, CROSSES, OPEN = (
    "B needs less compute",
    "A needs less compute",
    "the recipes cross",
    "not resolved",
)


@dataclass(frozen=True)
class Rung:
    """One size of one patch under both recipes."""

    name: str
    train_flops: float  # of B
    log: Part  # of the log multiplier

    @property
    def multiplier(self) -> float:
        return math.exp(self.log.value)

    @property
    def interval(self) -> Bounds:
        return _exp(self.log.interval())


@dataclass(frozen=True)
class Comparison:
    """B against A at one patch."""

    metric: str
    patch: int
    rungs: tuple[Rung, ...]
    mean: Part  # of the log multiplier over the rungs
    trend: Part | None  # of the log multiplier on log training FLOPs; None below 3 rungs
    # training FLOPs, up to FAR times the largest rung; None where no trend is resolved
    crossover: float | None
    seeds: int  # of the cell with fewest
    records: tuple[str, ...]
    reach: float  # times A's largest rung: how far A's law is carried for the largest multiplier
    bend: float = 0.0  # how far A's law may bend, of half the interval of ``mean``
    note: str = ""  # what its errors rest on, where not on each rung's own seeds and A's scatter
    # in words: the one of both, or A's and B's where that was asked for
    protocols: tuple[str, ...] = ()

    @property
    def across(self) -> bool:
        return len(self.protocols) > 1

    @property
    def verdict(self) -> str:
        """Over the rungs as a whole; with a crossover inside the ladder there is no winner for all
        of them.
        """
        spent = [rung.train_flops for rung in self.rungs]
        if self.crossover is not None and min(spent) <= self.crossover <= max(spent):
            return CROSSES
        low, high = self.mean.interval()
        return BETTER if low > 0 else WORSE if high < 0 else OPEN

    def _seeds_for(self, log: float) -> int | None:
        """Seeds of each rung that would bring half the interval down to ``log``; None: A's law
        bends by more.
        """
        half = self.mean.interval()[1] - self.mean.value
        if self.bend >= log:
            return None
        return max(
            self.seeds + 1,
            math.ceil(self.seeds * (half**2 - self.bend**2) / (log**2 - self.bend**2)),
        )

    @property
    def course(self) -> list[str]:
        """Trend and crossover in words, those there are."""
        t, c = self.trend, self.crossover
        told = (
            []
            if t is None
            else [
                f"trend: multiplier ∝ training FLOPs^{fixed(t.value, 3)} "
                f"{interval(t.interval(), 3)}"
            ]
        )
        return told if c is None else [*told, f"crossover at {number(c)} training FLOPs"]

    @property
    def advice(self) -> str:
        """What would resolve it; empty where it is resolved."""
        if self.verdict != OPEN:
            return ""
        half = self.mean.interval()[1] - self.mean.value
        wanted, seen = self._seeds_for(math.log(WORTH)), abs(self.mean.value)
        told = (
            f"no number of seeds would resolve a multiplier of {WORTH:g}, for A's rungs lie off "
            "its law by more: other "
            "rungs might"
            if wanted is None
            else f"{wanted} seeds of each rung would resolve a multiplier of {WORTH:g}"
        )
        if seen > math.log(LEAST) and (needed := self._seeds_for(seen)):
            told += f"; the one seen, {number(math.exp(self.mean.value))}, needs {needed:,}"
        further = (
            (half - seen) / abs(self.trend.value)
            if self.trend is not None and self.trend.value
            else math.inf
        )
        if (
            self.trend is not None
            and self.trend.value * self.mean.value > 0
            and further < math.log(FAR**2)
        ):
            told += (
                f"; at the trend seen a rung of {number(math.exp(further))} times the geometric "
                "mean's training FLOPs "
                "would show it"
            )
        return told


def _unshared(points: list[pl.DataFrame]) -> str:
    """The rungs that one study alone completed, which are in no law and no multiplier here."""
    each = [
        dict.fromkeys(f"{size}/{patch}" for size, patch in own.select("size", "patch").rows())
        for own in points
    ]
    alone = [[rung for rung in own if rung not in other] for own, other in zip(each, each[::-1])]
    told = [
        f"{name} alone completed {listed(rungs, range(len(rungs)))}"
        for name, rungs in zip("AB", alone)
        if rungs
    ]
    return f"left out: {', '.join(told)}" if told else ""


def compare(
    a: Folder, b: Folder, metric: str = "fid", across_protocols: bool = False
) -> list[Comparison]:
    """B against A at each patch that both trained at two sizes or more.

    ValueError where protocols differ (unless ``across_protocols``; of a loss the held-out images
    are the protocol), where losses are of other objectives, where no rungs are shared, or where two
    rungs of one seed tell no error.
    """
    (one,), (other,) = studies(a), studies(b)
    if metric not in LOSSES:
        return compare_frames(trials_frame(one), trials_frame(other), metric, across_protocols)
    frames, note = loss_frames([one, other], metric)
    first, *more = compare_frames(*frames, metric, across_protocols)
    return [replace(first, note="; ".join(filter(None, (first.note, note)))), *more]


def compare_frames(
    a: pl.DataFrame, b: pl.DataFrame, metric: str = "fid", across_protocols: bool = False
) -> list[Comparison]:
    """The same of two trials frames."""
    points = [fit_points(trials, metric) for trials in (a, b)]
    for own in points:
        one_recipe(own)
    protocols = tuple(
        one_axis(
            pl.concat(points, how="diagonal_relaxed"),
            across_protocols,
            "compare them only with across_protocols=True (--across-protocols)",
        ).values()
    )
    rungs = [cells_of(frame, ("size", "patch"), metric) for frame in points]
    shared = rungs[0].join(rungs[1], on=["size", "patch"], how="semi").sort("patch", "train_flops")
    found = []
    for (patch,), mine in shared.group_by("patch", maintain_order=True):
        if len(mine) > 1:
            theirs = mine.select("size", "patch").join(
                rungs[1], on=["size", "patch"], how="left", maintain_order="left"
            )
            one = _at_patch(metric, patch, mine, theirs)
            note = "; ".join(filter(None, (one.note, "" if found else _unshared(points))))
            found.append(replace(one, protocols=protocols, note=note))
    if not found:
        names = [
            ", ".join(sorted({f"{s}/{p}" for s, p in r.select("size", "patch").rows()}))
            for r in rungs
        ]
        raise ValueError(
            f"no patch has two sizes that both studies completed (A: {names[0]}; B: {names[1]}); "
            "run the same rungs"
        )
    return found


def _at_patch(metric: str, patch: int, a: pl.DataFrame, b: pl.DataFrame) -> Comparison:
    """``a`` and ``b``: a row per rung, the same rungs in the same order."""
    n = len(a)
    x_a, x_b = (frame["train_flops"].log().to_numpy() for frame in (a, b))
    if np.ptp(x_a) == 0:
        raise ValueError(
            f"patch {patch}: all rungs of A spent the same training FLOPs; a law needs two budgets"
        )
    cells = pl.concat([a, b], how="vertical_relaxed").with_columns(
        model=pl.format("{}/{}", "size", "patch")
    )
    away = x_a - x_a.mean()
    law = np.concatenate([-away / (away @ away), np.zeros(n)])  # minus the slope of A's law
    steep = float(law @ cells["mean"].to_numpy())
    noise, note = _seed_error(cells)
    sure = contrast("A's law", cells, law, noise)
    if sure.interval()[0] <= 0:
        raise ValueError(
            f"patch {patch}: {metric} of A does not fall clearly with training FLOPs (power "
            f"{-steep:.3g}), so "
            "no compute makes up for a difference; add seeds or larger rungs"
        )
    # log figure of A minus that of B, by rung (n, 2n)
    gain = np.concatenate([np.eye(n), -np.eye(n)], axis=1)
    bend = (
        np.gradient(np.eye(n), x_a, axis=0)
        if np.diff(x_a).all()
        else np.tile(away / (away @ away), (n, 1))
    )
    # log multipliers by A's deviations (n, n)
    bends = (gain @ cells["mean"].to_numpy() / steep)[:, None] * bend / steep
    misfit, free = _misfit(cells[:n], x_a, noise)

    def ratio(of: str, weights: np.ndarray) -> Part:
        """``weights`` (n,) on the log multipliers of the rungs."""
        seeds = _ratio(of, cells, weights @ gain, law, float(weights @ (x_a - x_b)), noise)
        parts = seeds.error**2, misfit * float(np.sum((weights @ bends) ** 2))
        dof = (
            sum(parts) ** 2 / (parts[0] ** 2 / seeds.dof + parts[1] ** 2 / free)
            if parts[1]
            else seeds.dof
        )
        return replace(seeds, error=math.sqrt(sum(parts)), dof=dof)

    rungs = [
        Rung(name, flops, ratio(name, weights))
        for name, flops, weights in zip(cells["model"][:n], b["train_flops"], np.eye(n))
    ]
    mean = ratio("mean", np.full(n, 1 / n))
    bend = math.sqrt(misfit * float(np.sum((np.full(n, 1 / n) @ bends) ** 2)))
    bend *= (mean.interval()[1] - mean.value) / mean.error if mean.error else 0.0
    around = x_b - x_b.mean()
    trend = ratio("trend", around / (around @ around)) if n > 2 else None
    ids = tuple(trial for found in cells["ids"].to_list() for trial in found)
    note = "; ".join(
        filter(None, (note, "" if free else "two rungs do not tell how far A's law bends"))
    )
    reach = max(math.exp(rung.log.value + at - x_a.max()) for rung, at in zip(rungs, x_b))
    return Comparison(
        metric,
        patch,
        tuple(rungs),
        mean,
        trend,
        _crossover(mean, trend, x_b),
        int(cells["seeds"].min()),
        ids,
        reach,
        bend,
        note,
    )


def _seed_error(cells: pl.DataFrame) -> tuple[Noise | None, str]:
    """The error of one training, where not every cell tells its own, and what it rests on; None:
    nothing tells it.
    """
    single = cells.filter(pl.col("seeds") == 1)
    if single.is_empty():
        return None, ""
    told = f"{count(len(single), 'rung')} of one seed:"
    if several := int((cells["seeds"] - 1).sum()):
        spread = cells.select((pl.col("var") * (pl.col("seeds") - 1)).sum()).item()
        return Noise(
            spread / several, several
        ), f"{told} the error is the spread between the seeds of the others"
    n = len(cells) // 2
    if n < 3:
        return None, ""
    halves = [
        _about_line(half["train_flops"].log().to_numpy(), half["mean"].to_numpy())
        for half in (cells[:n], cells[n:])
    ]
    return Noise(
        sum(halves) / (2 * n - 4), 2 * n - 4
    ), f"{told} the error is the scatter about both laws, misfit included"


def _misfit(cells: pl.DataFrame, x: np.ndarray, noise: Noise | None) -> tuple[float, int]:
    """The variance of A's mean log figures about its law beyond that of their seeds, and its
    degrees of freedom.
    """
    free = len(cells) - 2
    if not free:
        return 0.0, 0
    seeds = cells["var"].to_numpy() if noise is None else noise.training
    return max(
        0.0,
        _about_line(x, cells["mean"].to_numpy()) / free
        - float(np.mean(seeds / cells["seeds"].to_numpy())),
    ), free


def _about_line(x: np.ndarray, y: np.ndarray) -> float:
    """The sum of squares about the line of least squares."""
    residual = y - np.polynomial.Polynomial.fit(x, y, 1)(x)
    return float(residual @ residual)


def _ratio(
    of: str,
    cells: pl.DataFrame,
    gain: np.ndarray,
    law: np.ndarray,
    shift: float,
    noise: Noise | None,
) -> Part:
    """A gain in log figure over the slope of A's law, plus ``shift``: linearised as one contrast of
    the cell means.
    """
    means = cells["mean"].to_numpy()
    steep = float(law @ means)
    value = float(gain @ means) / steep
    linear = contrast(of, cells, (gain - value * law) / steep, noise)
    return Part(of, value + shift, linear.error, linear.dof, linear.records)


def _crossover(mean: Part, trend: Part | None, x: np.ndarray) -> float | None:
    if trend is None or trend.interval()[0] <= 0 <= trend.interval()[1]:
        return None
    at = x.mean() - mean.value / trend.value
    return math.exp(at) if x.min() - math.log(FAR) <= at <= x.max() + math.log(FAR) else None


def _exp(bounds: Bounds) -> Bounds:
    return math.exp(bounds[0]), math.exp(bounds[1])
