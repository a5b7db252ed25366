"""How many times the training FLOPs of recipe B does recipe A need for one quality?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.answers.quality.text import OF_SAMPLES
from analysis.answers.quality.time_to_quality import TimeToQuality
from analysis.fits.linear import Bounds
from analysis.text import number


@dataclass(frozen=True)
class AtQuality:
    """One rung that both recipes trained. Null where a recipe does not reach the quality there, or
    reached it before its first checkpoint.
    """

    model: str
    target: float
    multiplier: float | None  # training FLOPs of A over those of B
    interval: Bounds | None  # 95 %, from both recipes' seeds; of one seed from its samples alone
    why: str = ""
    one_seed: bool = False  # of a recipe or both: the interval holds nothing of training again


def at_quality(a: Sequence[TimeToQuality], b: Sequence[TimeToQuality]) -> list[AtQuality]:
    """B against A at each target and rung that both have, cheapest first. ValueError where they
    share none, where the two measure it differently, or where one has several models of a rung.

    The two log errors are independent; each is half its own interval, so that the interval of the
    ratio is as wide as their root sum of squares.
    """
    labels = dict.fromkeys(row.label for row in (*a, *b))
    if len(labels) > 1:
        raise ValueError(
            f"the two studies measure it differently ({'; '.join(labels)}); a quality of one is "
            "not that of the other, so measure one of them by the other's protocol"
        )
    of_a, of_b = _by_rung("A", a), _by_rung("B", b)
    comparisons = [
        _compared(row, of_b[key])
        for key, row in sorted(of_a.items(), key=lambda item: (-item[0][0], item[1].forward_gmacs))
        if key in of_b
    ]
    if not comparisons:
        raise ValueError(
            f"no rung is in both studies (A: {', '.join(dict.fromkeys(x.model for x in a))}; B: "
            f"{', '.join(dict.fromkeys(x.model for x in b))}); run the same rungs with the same "
            "average of the weights"
        )
    return comparisons


def at_quality_text(comparisons: Sequence[AtQuality]) -> str:
    """A line per rung: ``at 5, DiT-S/2: A needs 1.4 times B's training FLOPs [1.1, 1.8]``."""
    lines = [
        f"at {rung.target:g}, {rung.model}: "
        + (
            f"not compared, {rung.why}"
            if rung.multiplier is None
            else f"A needs {number(rung.multiplier)} times B's training FLOPs"
            + (
                ""
                if rung.interval is None
                else f" [{number(rung.interval[0])}, {number(rung.interval[1])}]"
            )
        )
        for rung in comparisons
    ]
    if any(rung.one_seed for rung in comparisons):
        lines.append(f"beware:{OF_SAMPLES}")
    return "\n".join(lines)


def _by_rung(name: str, rows: Sequence[TimeToQuality]) -> dict[tuple, TimeToQuality]:
    """``rows`` by what both recipes must share to be compared."""
    by_rung: dict[tuple, TimeToQuality] = {}
    for row in rows:
        key = (row.target, row.rung, row.series, row.ema)
        if key in by_rung:
            raise ValueError(
                f"{name} has two models of one rung, {by_rung[key].model} and {row.model}; which "
                "of them to compare is not said, so keep one recipe in it"
            )
        by_rung[key] = row
    return by_rung


def _compared(a: TimeToQuality, b: TimeToQuality) -> AtQuality:
    for name, row in (("A", a), ("B", b)):
        if row.train_flops is None:
            near = f"{number(row.nearest)} at {row.nearest_images:,} images"
            return AtQuality(a.model, a.target, None, None, f"{name} does not reach it ({near})")
        if row.at_most:
            return AtQuality(
                a.model, a.target, None, None, f"{name} reached it before its first checkpoint"
            )
    assert a.train_flops is not None and b.train_flops is not None
    ratio = math.log(a.train_flops / b.train_flops)
    ends = (a.train_flops_interval, b.train_flops_interval)
    if None in ends:
        return AtQuality(a.model, a.target, math.exp(ratio), None)
    half = math.hypot(*(math.log(high / low) / 2 for low, high in filter(None, ends)))
    interval = (math.exp(ratio - half), math.exp(ratio + half))
    return AtQuality(a.model, a.target, math.exp(ratio), interval, one_seed=1 in (a.seeds, b.seeds))
