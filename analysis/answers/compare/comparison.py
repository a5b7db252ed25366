"""What does a comparison of two recipes say? Multipliers, trend, crossover, verdict and advice."""

import math
from dataclasses import dataclass

from analysis.answers.contrast import Part
from analysis.answers.verdicts import BETTER, CROSSES, OPEN, WORSE
from analysis.fits.holdout import FAR
from analysis.fits.linear import Bounds
from analysis.text import fixed, interval, number

WORTH = 1.2  # a multiplier that a comparison should be able to resolve
LEAST = 1.001  # below it the one seen is none


class NoSharedRungs(ValueError):
    """Two recipes have no two rungs of one name; ``matched`` may still pair them by Gflops."""


@dataclass(frozen=True)
class Rung:
    """One rung of one curve under both recipes."""

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
    """B against A along one curve."""

    metric: str
    curve: str  # such as patch 2
    rungs: tuple[Rung, ...]
    here: Part  # of the log multiplier over the rungs, for these rungs
    mean: Part  # the same for the recipes
    # of the log multiplier on log training FLOPs, for the recipes; None below 3 rungs
    trend: Part | None
    # training FLOPs, up to FAR times the largest rung; None where no trend is resolved
    crossover: float | None
    seeds: int  # of the cell with fewest
    records: tuple[str, ...]
    reach: float  # times A's largest rung: how far A's law is carried for the largest multiplier
    bend: float = 0.0  # of half the interval of ``mean``, what no seeds would take away
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
        """Seeds of each rung that would bring half the interval down to ``log``; None: the rungs
        lie off the laws by more.
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
        sentence = (
            []
            if t is None
            else [
                f"trend: multiplier ∝ training FLOPs^{fixed(t.value, 3)} "
                f"{interval(t.interval(), 3)}"
            ]
        )
        return sentence if c is None else [*sentence, f"crossover at {number(c)} training FLOPs"]

    @property
    def advice(self) -> str:
        """What would resolve it; empty where it is resolved."""
        if self.verdict != OPEN:
            return ""
        half = self.mean.interval()[1] - self.mean.value
        wanted, seen = self._seeds_for(math.log(WORTH)), abs(self.mean.value)
        advice = (
            f"no number of seeds would resolve a multiplier of {WORTH:g}, for the rungs lie off "
            "the laws by more: further rungs might"
            if wanted is None
            else f"{wanted} seeds of each rung would resolve a multiplier of {WORTH:g}"
        )
        if seen > math.log(LEAST) and (needed := self._seeds_for(seen)):
            advice += f"; the one seen, {number(math.exp(self.mean.value))}, needs {needed:,}"
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
            advice += (
                f"; at the trend seen a rung of {number(math.exp(further))} times the geometric "
                "mean's training FLOPs "
                "would show it"
            )
        return advice


def _exp(bounds: Bounds) -> Bounds:
    return math.exp(bounds[0]), math.exp(bounds[1])
