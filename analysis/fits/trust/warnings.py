"""What must a reader of a fitted law beware of? Each doubt as a sentence, with its rows."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.fits.approaches.tilt import Tilt
from analysis.fits.fitted import POSITIVE, View
from analysis.fits.intervals import Uncertain
from analysis.fits.trust import errors, misfit, unseen
from analysis.fits.trust.errors import Errors
from analysis.fits.trust.identity import Identity, identity
from analysis.fits.trust.influence import Influence, influence
from analysis.text import NAMED, count, listed, number

Kind = Literal[
    "lack-of-fit",
    "checkpoints",
    "shared-error",
    "unequal-noise",
    "influence",
    "bound",
    "not-identified",
    "tilt",
    "unseen-bend",
]


@dataclass(frozen=True)
class Beware:
    """One doubt: its kind, a sentence, and the names of the rows it is about (all: none named)."""

    kind: Kind
    text: str
    rows: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()  # those that have no interval

    def as_json(self) -> dict:
        return {"kind": self.kind, "text": self.text, "rows": list(self.rows)}


def warnings(view: View, sure: Uncertain | None = None) -> list[Beware]:
    """Every doubt about the law ``view``; ``sure`` are its intervals, where there are any."""
    jacobian = view.jacobian()
    made = sure.made if sure else errors.estimated(view.runs, view.residuals, jacobian, view.axes)
    against = sure.against if sure else misfit.lack_of_fit(view, made, jacobian)
    return [
        *_of_identity(view, identity(view), sure),
        *_of_errors(view, made),
        *_of_misfit(view, against, sure),
        *_of_influence(view, influence(view)),
        *_of_unseen(view, unseen.bend(view, made, jacobian), sure),
    ]


def of_tilt(found: Tilt | None) -> list[Beware]:
    """The doubt about minima of budgets that ``found`` raises, if any."""
    if found is None or not found.reported:
        return []
    without = "no exponent is left" if found.exponent is None else f"it is {number(found.exponent)}"
    return [
        Beware(
            "tilt",
            f"runs larger than their budget's best lose {found.per_doubling:.1%} more for each "
            f"doubling than size and data explain (chance {number(found.chance, 2)}), as models "
            f"do whose learning rate was not tuned for their size, and move the exponent: without "
            f"that {without}",
            found.rows,
        )
    ]


def _of_identity(view: View, unidentified: Identity, sure: Uncertain | None) -> list[Beware]:
    doubts = []
    if unidentified.at_bound:
        names = " and ".join(name for name, _ in unidentified.at_bound)
        ends = ", ".join(f"{name} = {number(end)}" for name, end in unidentified.at_bound)
        doubts.append(
            Beware(
                "bound",
                f"{names} at the end of what is searched ({ends}): the best law lies beyond it, or "
                "this law does not describe these runs",
                parameters=tuple(name for name, _ in unidentified.at_bound),
            )
        )
    if unidentified.no_floor:
        most = f", and at most {number(sure.ci95()['E'][1])} (95 %)" if sure else ""
        doubts.append(
            Beware(
                "bound",
                f"no floor shows: E is at its lower end, nothing{most}; these rows do not reach "
                "low enough to tell one",
            )
        )
    if unidentified.flat:
        doubts.append(
            Beware(
                "not-identified",
                f"{' and '.join(unidentified.flat)} cannot be told apart from these rows: other "
                "values fit them as well",
                parameters=unidentified.flat,
            )
        )
    for name, error in unidentified.vague:
        value = float(view.estimate[view.names.index(name)])
        size = (
            f"known to a factor of {number(float(np.exp(min(2 * error, 50))), 2)} at best"
            if name in POSITIVE
            else f"{number(value)} with a standard error of {number(error, 2)}"
        )
        doubts.append(Beware("not-identified", f"these rows hardly tell {name}: it is {size}"))
    return doubts


def _of_errors(view: View, made: Errors) -> list[Beware]:
    doubts, runs = [], view.runs
    if made.grouped and made.chance < errors.SHARED:
        rows = np.bincount(made.group)[made.group] > 1
        names = tuple(np.array(runs.names)[rows])
        if not made.from_table:
            doubts.append(
                Beware(
                    "checkpoints",
                    f"{count(int(rows.sum()), 'row')} of {made.groups} sizes are taken for "
                    "checkpoints of one training a size, or runs of one model: --cluster COL names "
                    "the training of each row, --cluster none says that no two share an error",
                    names,
                )
            )
        whose = "one training" if made.from_table else "one size"
        doubts.append(
            Beware(
                "shared-error",
                f"rows of {whose} share {made.share:.0%} of the variance of their errors, so that "
                f"{len(runs)} rows tell less than as many independent ones; the intervals heed it",
                names,
            )
        )
    if made.trend:
        law = " ".join(f"{axis}^{number(power, 2)}" for axis, power in made.trend.items())
        over = float(made.size.max() / made.size.min())
        loud = np.argsort(-made.size)[: max(1, len(runs) // 10)]
        weighed = view.refit(runs.columns, view.values[None], 1 / made.size[None])[0]
        doubts.append(
            Beware(
                "unequal-noise",
                f"errors grow as {law}, {number(over, 2)} times over these rows; "
                f"{_answered(view, weighed)} where each is weighed by its own",
                tuple(runs.names[i] for i in sorted(loud)),
            )
        )
    return doubts


def _of_misfit(view: View, against: misfit.Misfit | None, sure: Uncertain | None) -> list[Beware]:
    if against is None or not against.reported:
        return []
    of_rung = against.worst == misfit.LARGEST
    worst = np.argsort(-np.abs(view.residuals))[:NAMED]
    rows = against.rows if of_rung else tuple(sorted(worst.tolist()))
    read = [
        f"{other.title}: {_answered(view, other.estimate)}"
        for other in (sure.others if sure else ())
        if other.all_rows
    ]
    widened = "; predictions hold what other laws say" if sure and sure.others else ""
    return [
        Beware(
            "lack-of-fit",
            f"{view.title} does not fit these rows: {against.worst} (chance "
            f"{number(against.chance, 2)}){widened}"
            + (f"; by {'; '.join(read)}" if read else "")
            + ("" if widened else "; figures beyond the data may lie outside their intervals"),
            tuple(view.runs.names[i] for i in rows),
        )
    ]


def _of_influence(view: View, strongest: Influence | None) -> list[Beware]:
    if strongest is None or not strongest.reported:
        return []
    names = view.runs.names
    also = _answered(view, strongest.estimate)
    value, without = (
        (float(np.exp(v)) for v in (strongest.value, strongest.without))
        if strongest.parameter in POSITIVE
        else (strongest.value, strongest.without)
    )
    move, them = ("moves", "it") if len(strongest.rows) == 1 else ("move", "them")
    text = (
        f"{listed(names, strongest.rows)} {move} the answer most: without {them} "
        f"{strongest.parameter} is {number(without)}, with {them} {number(value)}"
    )
    if strongest.parameter != view.answer:
        text += f" ({also})"
    return [Beware("influence", text, tuple(names[i] for i in strongest.rows))]


def _of_unseen(view: View, bend: unseen.Unseen | None, sure: Uncertain | None) -> list[Beware]:
    if bend is None:
        return []
    what = (
        f"an exponent that changes by {number(bend.size, 2)} above {bend.axes[0]} = "
        f"{number(bend.middle, 2)}"
        if len(bend.axes) == 1
        else f"{' and '.join(bend.axes)} that help or hinder each other"
    )
    held = (
        f"; predictions hold what is said by {' and '.join(form.title for form in view.unseen)}"
        if sure and view.unseen
        else "; intervals do not hold it"
    )
    move = float(np.expm1(min(bend.move, 50.0)))
    return [
        Beware(
            "unseen-bend",
            f"{count(len(view.values), 'row')} would miss, one time in two, {what}: it moves the "
            f"figure at {unseen.AHEAD:g} times the largest {' and '.join(view.axes)} by "
            f"{move:.0%}, by less than {unseen.TOLD:.0%} only up to {number(bend.reach, 2)} times"
            f"{held}",
        )
    ]


def _answered(view: View, parameters: np.ndarray) -> str:
    """``alpha is 0.34``: the answer that people ask for, of these parameters."""
    if not view.answer:
        return "the law is another"
    return f"{view.answer} is {number(float(view.answered(parameters)))}"
