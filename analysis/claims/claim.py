"""What is a claim, and when does it hold? A statement with its threshold and needs, and a verdict
by one rule.

Effects are put so that the claim says "below the bound": a slope of log FID, or the log FID of the
one that should win minus that of the other. A claim of several parts (a part per patch, or per pair
of models) holds where the 95 % interval of every part lies below the bound. It does not hold where
one interval lies above it, at a level that keeps the chance of a false refutation over all parts at
5 % (Bonferroni). In between there is not enough evidence. Of several claims asked of the same
records, ``together`` keeps it at 5 % over all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from analysis.answers.contrast import Part
from analysis.answers.study import Answers
from analysis.answers.verdicts import FAILS, HOLDS, UNKNOWN
from analysis.fits.linear import LEVEL, Bounds, NoiseVariances
from analysis.select.curves import family_title
from analysis.select.recipes import recipes_of
from analysis.select.selection import Selection


class Records:
    """What claims are tested on: frames of ``analysis.frames``, published tables in their columns,
    or what a study's records answer already.

    ``noise`` is what is known of the scatter between trainings where the records hold one seed, for
    figures of ``samples`` samples each; None: nothing is known.
    """

    def __init__(
        self,
        trials: Answers | pl.DataFrame,
        evaluations: pl.DataFrame | None = None,
        noise: NoiseVariances | None = None,
    ):
        given = isinstance(trials, Answers)
        self.answers = trials if given else Answers(Selection(trials, evaluations))
        self.noise = noise

    @property
    def trials(self) -> pl.DataFrame:
        return self.answers.selection.trials

    @property
    def main(self) -> Selection:
        """The records of the main recipe."""
        return self.answers.selection.main


@dataclass(frozen=True)
class Judgement:
    """What a test saw: the verdict, the effect that decides it, and what else a reader should
    know.
    """

    verdict: str
    effect: float
    interval: Bounds
    of: str  # the part that decides
    records: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    note: str = ""
    p_against: float = 1.0  # what is seen, or more, against a claim that is just true; of all parts
    tests: int = 1  # effects that could refute it, each of which counts in ``p_against``


@dataclass(frozen=True)
class Claim:
    """A finding as a statement. ``threshold`` says, before any record is read, when it holds and
    when it does not.
    """

    name: str
    statement: str
    threshold: str
    effect: str  # what the effect is a figure of
    needs: str
    source: str
    test: Callable[[Records], Judgement] = field(repr=False, compare=False)

    def ask(self, records: Records) -> "Verdict":
        """The verdict of ``records``; what they lack is the reason of "not enough evidence", never
        an error.
        """
        try:
            judged = self.test(records)
        except ValueError as reason:
            return Verdict(self, UNKNOWN, why=str(reason))
        why = "; ".join(filter(None, (judged.note, _of_recipe(records.trials, judged.records))))
        return Verdict(
            self,
            judged.verdict,
            judged.effect,
            judged.interval,
            judged.of,
            judged.records,
            judged.parts,
            why,
            judged.p_against,
            judged.tests,
        )


@dataclass(frozen=True)
class Verdict:
    """A claim's answer on some records. Without an effect ``why`` says what is missing."""

    claim: Claim
    verdict: str
    effect: float | None = None
    interval: Bounds | None = None  # 95 %
    of: str = ""
    records: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    why: str = ""
    p_against: float = 1.0  # this and the next as in ``Judgement``
    tests: int = 1


def _of_recipe(trials: pl.DataFrame, used: Sequence[str]) -> str:
    """Which of several recipes was asked, where it was one alone."""
    recipes = recipes_of(trials)
    asked = (
        recipes_of(trials.filter(pl.col("trial_id").is_in(list(used)))) if len(recipes) > 1 else {}
    )
    return f"asked of the recipe {recipes[next(iter(asked))]} alone" if len(asked) == 1 else ""


def asked_of(points: pl.DataFrame, column: str, what: str) -> None:
    """ValueError where no model of ``points`` has ``column``: a claim about ``what`` is not asked
    of such a family.
    """
    if column in points.columns and points[column].null_count() == len(points):
        families = ", ".join(map(family_title, points["family"].unique(maintain_order=True)))
        raise ValueError(f"not asked of this family: {families} has no {what}")


def judge(
    parts: Sequence[Part], refuting: Sequence[Part] = (), bound: float = 0.0, note: str = ""
) -> Judgement:
    """The verdict of ``parts`` by the rule above; a part of ``refuting`` cannot support the claim,
    only refute it.

    The effect is that of the part which decides: the clearest refutation, else the least favourable
    part.
    """
    asked = [*parts, *refuting]
    level = 1 - (1 - LEVEL) / len(asked)
    against = [part for part in asked if part.interval(level)[0] > bound]
    weakest = max(parts, key=lambda part: part.interval()[1])
    if against:
        weakest, verdict = max(against, key=lambda part: part.interval()[0]), FAILS
    else:
        verdict = HOLDS if weakest.interval()[1] < bound else UNKNOWN
    clear = sum(part.interval()[1] < bound for part in parts)
    of = weakest.of + (f" ({clear} of {len(parts)} clear)" if len(parts) > 1 else "")
    return Judgement(
        verdict,
        weakest.value,
        weakest.interval(),
        of,
        tuple(dict.fromkeys(record for part in parts for record in part.records)),
        tuple(parts),
        note,
        min(1.0, len(asked) * min(part.p_above(bound) for part in asked)),
        len(asked),
    )
