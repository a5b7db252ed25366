"""What does a page say first: what these records decide, and what would decide the rest?"""

from dataclasses import dataclass

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import Verdict
from analysis.claims.said import verdict_text
from analysis.text import count, fixed, interval, number


@dataclass(frozen=True)
class Decided:
    """A claim that the records decide, in plain words."""

    verdict: str
    statement: str
    sentence: str


@dataclass(frozen=True)
class Undecided:
    """A claim that they do not decide: why, and what would decide it."""

    statement: str
    why: str
    needs: str


def decided(verdicts: list[Verdict]) -> list[Decided]:
    """The decided claims, in their order."""
    return [
        Decided(v.verdict, v.claim.statement, verdict_text(v))
        for v in verdicts
        if v.verdict != UNKNOWN
    ]


def undecided(verdicts: list[Verdict]) -> list[Undecided]:
    """The others, each with its reason and what it needs."""
    return [
        Undecided(v.claim.statement, _why(v), "" if v.effect is not None else v.claim.needs)
        for v in verdicts
        if v.verdict == UNKNOWN
    ]


def another_seed(seeds: int, models: int, seconds: float) -> str:
    """What one more seed of the grid costs, from the ``seconds`` of training and measuring that
    ``seeds`` seeds of ``models`` models took.
    """
    spent = seconds / seeds
    time = (
        f"{number(spent / 60, 2)} minutes" if spent < 5400 else f"{number(spent / 3600, 2)} hours"
    )
    return (
        f"One more seed (--set seeds={seeds + 1}) is {count(models, 'training')} more, about "
        f"{time} of one worker as measured here."
    )


def _why(verdict: Verdict) -> str:
    if verdict.effect is None:
        return verdict.why
    estimate = f"{verdict.claim.effect} {fixed(verdict.effect)} {interval(verdict.interval)}"
    return f"{estimate} ({verdict.of}) leaves both answers open"
