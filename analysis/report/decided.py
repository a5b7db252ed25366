"""What does a page say first: what these records decide, and what would decide the rest?"""

from dataclasses import dataclass

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import Verdict
from analysis.claims.said import verdict_text
from analysis.fits.linear import LEVEL
from analysis.text import count, fixed, interval, number

MOST_SEEDS = 12  # more than that of every model nobody is told to train


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


def undecided(verdicts: list[Verdict], seeds: int = 1) -> list[Undecided]:
    """The others, each with its reason and what it needs; of a study of ``seeds``."""
    asked = sum(v.effect is not None for v in verdicts)
    return [
        Undecided(v.claim.statement, _why(v), _needs(v, seeds, asked))
        for v in verdicts
        if v.verdict == UNKNOWN
    ]


def seeds_that_decide(verdict: Verdict, seeds: int, asked: int) -> int | None:
    """The fewest seeds up to MOST_SEEDS at which ``verdict``, of ``seeds`` seeds, would be another,
    were its effects and their spreads what they look like now; None where none would do. ``asked``
    claims are asked together.
    """
    for more in range(seeds + 1, MOST_SEEDS + 1):
        parts = [part.with_seeds(more / seeds) for part in verdict.parts]
        against = min(part.p_above(0.0) for part in parts) * verdict.tests * asked
        if against <= 1 - LEVEL or all(part.interval()[1] < 0 for part in parts):
            return more
    return None


def _needs(verdict: Verdict, seeds: int, asked: int) -> str:
    if verdict.effect is None:
        return verdict.claim.needs
    if not verdict.parts:
        return "more models, sizes or patches; more seeds of these do not narrow it"
    wanted = seeds_that_decide(verdict, seeds, asked)
    if wanted is None:
        return (
            f"a larger effect or another spread between trainings: as these look, {MOST_SEEDS} "
            "seeds of each model would not decide it"
        )
    return f"about {wanted} seeds of each model, were effect and spread what they look like now"


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
