"""Which laws do a study's records carry, how sure are they, and would they have predicted its
largest models?

One ``LawAnswer`` per law of LAWS, in its order: what it says, its exponent with a 95 % interval,
its audit (fitted without the largest rung, scored on it), and, where the records cannot carry it,
why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from analysis.answers.laws.agreement import agreement
from analysis.answers.laws.answer import LawAnswer, laws_table
from analysis.answers.study import RESAMPLES, Answers
from analysis.fits import holdout
from analysis.fits.fid_choice import Score
from analysis.select.selection import Selection
from analysis.text import fixed, number

__all__ = ["APPROACHES", "LAWS", "Law", "LawAnswer", "agreement_table", "laws", "laws_table"]

OF_N_OPT = "a of N_opt ∝ C^a"  # the exponent that the three approaches have in common
APPROACHES = ("approach3", "envelope", "isoflop")  # laws that have it


@dataclass(frozen=True)
class Law:
    """A law that every study is asked for."""

    question: str
    answer: Callable[[Answers, str], LawAnswer]  # of the records and the question


def laws(
    source: Answers | pl.DataFrame, evaluations: pl.DataFrame | None = None
) -> list[LawAnswer]:
    """Every law asked of a study: of its answers, or of its trials and evaluations frames."""
    answers = source if isinstance(source, Answers) else Answers(Selection(source, evaluations))
    answered = []
    for name, law in LAWS.items():
        try:
            answer = law.answer(answers, law.question)
        # in the law's place: the reader sees what the records lack
        except ValueError as reason:
            answer = LawAnswer(law.question, why_not=str(reason))
        answered.append(replace(answer, name=name))
    return answered


def agreement_table(answers: list[LawAnswer]) -> pl.DataFrame | None:
    """Whether the approaches that have an exponent of N_opt agree; None below two of them."""
    by_name = {law.name: law for law in answers}
    approaches = {name: by_name[name] for name in APPROACHES if by_name[name].interval}
    if len(approaches) < 2:
        return None
    return agreement({name: (law.value, *law.interval) for name, law in approaches.items()})


def _on_gflops(answers: Answers, question: str) -> LawAnswer:
    law = answers.slope
    return LawAnswer(
        question,
        f"FID ∝ G^{fixed(law.value, 3)}",
        "of G",
        law.value,
        law.over_models,
        **_scored(answers.audit("G")),
    )


def _floored(answers: Answers, question: str) -> LawAnswer:
    fitted = answers.floored
    p, runs = fitted.parameters, fitted.runs
    return LawAnswer(
        question,
        f"FID = {number(p['E'])} + {number(p['A'])} G^{fixed(-p['c'], 3)}",
        "of G",
        -p["c"],
        _turned(fitted.uncertain(RESAMPLES).ci95()["c"]),
        **_audited(
            lambda: holdout.audit(runs, holdout.curve("saturating"), "saturating", "y", "x")
        ),
    )


def _rolled(answers: Answers, question: str) -> LawAnswer:
    chosen, final, law = answers.rolled
    terms = chosen.law
    slope, (low, high) = law.fit.coefficients[1], law.fit.coefficient_intervals()[1]
    return LawAnswer(
        question,
        f"log FID = c + {terms}",
        f"of {terms[0]} at the mean model",
        float(slope),
        (float(low), float(high)),
        **_scored(final),
    )


def _frontier(answers: Answers, question: str) -> LawAnswer:
    fitted = answers.frontier
    p, runs = fitted.parameters, fitted.runs
    return LawAnswer(
        question,
        f"FID = {number(p['A'])} C^{fixed(-p['c'], 3)} along {len(runs)} best checkpoints",
        "of C",
        -p["c"],
        _turned(fitted.uncertain(RESAMPLES).ci95()["c"]),
        **_audited(lambda: holdout.audit(runs, holdout.curve("power"), "power", "y", "x")),
    )


def _approach3(answers: Answers, question: str) -> LawAnswer:
    (curve, runs), fitted = answers.losses, answers.approach3
    floor = f"{number(fitted.E)} + " if fitted.has_floor else ""
    return LawAnswer(
        question.replace(",", f" at {curve},"),
        f"L = {floor}{number(fitted.A)} N^{fixed(-fitted.alpha, 3)} + {number(fitted.B)} "
        f"D^{fixed(-fitted.beta, 3)}, "
        "N in MACs",
        OF_N_OPT,
        fitted.exponent,
        fitted.exponent_interval(answers.approach3_uncertain),
        **_audited(
            lambda: holdout.audit(runs, holdout.approach3(), "approach 3", "loss", "n"),
            "checkpoints",
        ),
    )


def _envelope(answers: Answers, question: str) -> LawAnswer:
    return _n_opt(answers, question, answers.envelope, "the envelope")


def _isoflop(answers: Answers, question: str) -> LawAnswer:
    law = _n_opt(answers, question, answers.isoflop, "isoFLOP")
    return replace(law, bewares=tuple(doubt.text for doubt in answers.isoflop_doubts))


def _n_opt(answers: Answers, question: str, fitted, called: str) -> LawAnswer:
    return LawAnswer(
        question.replace(",", f" at {answers.losses[0]},"),
        f"N_opt = {number(fitted.factor)} C^{fixed(fitted.exponent, 3)}",
        OF_N_OPT,
        fitted.exponent,
        fitted.exponent_interval,
        why_no_audit=f"{called} predicts sizes, which nobody measures",
    )


def _loss_to_fid(answers: Answers, question: str) -> LawAnswer:
    fitted = answers.loss_to_fid
    low, high = fitted.fit.coefficient_intervals()[1]
    return LawAnswer(
        question,
        f"FID ∝ L^{fixed(fitted.slope, 3)}",
        "of L",
        fitted.slope,
        (float(low), float(high)),
        why_no_audit="a map between figures of the same models, not an extrapolation",
    )


LAWS: Mapping[str, Law] = {
    "gflops": Law("FID on model Gflops, a power law", _on_gflops),
    "gflops-floor": Law("FID on model Gflops, with a floor", _floored),
    "rolled": Law("FID on parameters and tokens, form chosen by rolling", _rolled),
    "frontier": Law("FID of the best model on training FLOPs", _frontier),
    "approach3": Law("Held-out loss on model and images, approach 3", _approach3),
    "envelope": Law("Best model on training FLOPs, envelope (approach 1)", _envelope),
    "isoflop": Law("Best model on training FLOPs, isoFLOP (approach 2)", _isoflop),
    "loss-to-fid": Law("FID on held-out loss", _loss_to_fid),
}


def _scored(score: Score) -> dict:
    if score.predicted is None:
        return {"why_no_audit": score.why}
    return {
        "held_out": score.rung,
        "rms_log_error": score.rms,
        "inside": f"{score.inside} of {len(score.models)}",
    }


def _audited(audit: Callable[[], holdout.Audit], rows: str = "runs") -> dict:
    try:
        held_out = audit()
    except ValueError as reason:  # beside the law
        return {"why_no_audit": str(reason)}
    measured = len(held_out.measured)
    return {
        "held_out": held_out.held_out[0] if measured == 1 else f"{measured} {rows} of the largest",
        "rms_log_error": held_out.rms,
        "inside": f"{round(held_out.inside * measured)} of {measured}",
    }


def _turned(ends: tuple[float, float]) -> tuple[float, float]:
    return -ends[1], -ends[0]
