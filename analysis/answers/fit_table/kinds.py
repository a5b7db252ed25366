"""How is each law of ``scaling fit`` fitted to a table, and what does it answer?"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from analysis.answers.fit_table.request import FitRequest
from analysis.fits import curves, holdout
from analysis.fits.approaches import budgets, envelope, isoflop, parametric, repeats
from analysis.fits.approaches.tilt import tilt
from analysis.fits.fitted import View
from analysis.fits.intervals import Uncertain
from analysis.fits.points import Runs
from analysis.fits.simulation import simulate
from analysis.fits.trust.warnings import Beware, of_tilt, warnings

CURVES = {"powerlaw": "power", "saturating": "saturating", "bnsl": "broken"}
NO_AUDIT = "it predicts sizes, which nobody measures"
AUDIT = 200  # repeats behind the intervals of the audit


@dataclass(frozen=True)
class FitReport:
    """A fitted law: what it answers by name, and what is drawn."""

    answer: dict
    runs: Runs
    bewares: list[Beware] = field(default_factory=list)
    view: View | None = None
    sure: Uncertain | None = None
    audit: holdout.Audit | None = None
    why_no_audit: str = ""
    fitted: Any = None  # the law as its module has it


def _need(kind: str, **columns: str | None) -> None:
    lacking = [name for name, column in columns.items() if not column]
    if lacking:
        raise ValueError(
            f"{kind} needs the column of {', '.join(lacking)}: give "
            f"{' '.join('--' + name for name in lacking)}"
        )


def _approach3(request: FitRequest) -> FitReport:
    _need("approach3", n=request.n, d=request.d)
    runs, delta, bootstrap = request.runs(series=True), request.delta, request.bootstrap
    fitted = parametric.fit(runs, delta)
    answer = (
        {"law": "E + A/N^alpha + B/D^beta"}
        | {name: getattr(fitted, name) for name in parametric.PARAMETERS}
        | {
            "objective": fitted.objective,
            "n_runs": fitted.n_runs,
            "delta": delta,
            "n_opt_exponent": fitted.exponent,
            "flops": flops_text(runs, fitted.flops_factor, fitted.flops_power),
        }
    )
    report = _report(answer, fitted.view(), bootstrap, fitted)
    if report.sure is None:
        report.answer.update({"se": None, "ci95": None})
    else:
        report.answer["n_opt_exponent_ci95"] = list(fitted.exponent_interval(report.sure))
    return report


def _repeats(request: FitRequest) -> FitReport:
    _need("repeats", n=request.n, d=request.d, unique=request.unique)
    runs, delta, bootstrap = request.runs(unique=request.unique), request.delta, request.bootstrap
    fitted = repeats.fit(runs, delta)
    answer = (
        {"law": "E + A/N^alpha + B/D'^beta, D' = U + U h (1 - exp(-(D/U - 1)/h)), h = half_life"}
        | fitted.parameters
        | {
            "objective": fitted.objective,
            "objective_without_repeats": fitted.plain_objective,
            "n_runs": len(runs),
            "delta": delta,
        }
    )
    return _report(answer, fitted.view(), bootstrap, fitted)


def _minima(request: FitRequest) -> FitReport:
    _need("isoflop", n=request.n, d=request.d or request.flops)
    runs = request.runs()
    fitted = isoflop.fit(runs, request.curve)
    answer = _n_opt(fitted, runs) | {
        "budgets": [
            {
                "flops": m.flops,
                "n_opt": m.n,
                "loss": m.loss,
                "log_n_se": m.log_n_error,
                "curve": m.curve,
                "runs": len(m.runs),
                "why_not": m.why or None,
            }
            for m in fitted.minima
        ]
    }
    found = len(budgets.same_budget(budgets.flops_of(runs)))
    if found > len(fitted.minima):
        answer["flops"] += (
            f"; its {found} groups are taken for {len(fitted.minima)} budgets counted another way, "
            "--flops names a column of exact FLOPs"
        )
    bewares = of_tilt(tilt(runs, fitted))
    return FitReport(answer, runs, bewares, why_no_audit=NO_AUDIT, fitted=fitted)


def _envelope(request: FitRequest) -> FitReport:
    _need("envelope", n=request.n, d=request.d or request.flops)
    runs = request.runs()
    fitted = envelope.fit(runs, request.method)
    answer = _n_opt(fitted, runs) | {
        "method": request.method,
        "sizes": [{"n": float(n), "flops": float(c)} for n, c in zip(fitted.n, fitted.flops)],
    }
    return FitReport(answer, runs, why_no_audit=NO_AUDIT, fitted=fitted)


def _n_opt(fitted: isoflop.IsoFlop | envelope.Envelope, runs: Runs) -> dict:
    return {
        "law": "N_opt = factor C^exponent",
        "exponent": fitted.exponent,
        "factor": fitted.factor,
        "ci95": {"exponent": list(fitted.exponent_interval)},
        "se": {"exponent": float(fitted.law.errors[1])},
        "n_runs": len(runs),
        "flops": flops_text(runs),
    }


def _curve(kind: str, request: FitRequest) -> FitReport:
    table, cluster, loss, n, d = request.table, request.cluster, request.loss, request.n, request.d
    x, flops, series = request.x, request.flops, request.told_apart
    if x or flops:
        runs, axis = Runs.of(table, cluster, series, x=x or flops, y=loss), x or flops
    elif n and d:
        both = Runs.of(table, cluster, series, n=n, d=d, y=loss)
        axis = f"6 {n} {d}"
        columns = {role: v for role, v in both.columns.items() if role not in ("n", "d")}
        columns["x"] = 6 * both["n"] * both["d"]
        # rows of one budget and one loss are no copies: they were told apart by n and d
        runs = replace(both, columns=columns)
    elif n or d:
        runs, axis = Runs.of(table, cluster, series, x=n or d, y=loss), n or d
    else:
        raise ValueError(
            "a law of one variable needs its axis: give --x, or --flops, or --n and --d"
        )
    fitted = curves.fit(runs, kind, request.delta)
    answer = (
        {"law": curves.KINDS[kind].formula, "x": axis}
        | fitted.parameters
        | {"objective": fitted.objective, "n_runs": len(runs), "delta": request.delta}
    )
    return _report(answer, fitted.view(), request.bootstrap, fitted)


KINDS: Mapping[str, Callable[[FitRequest], FitReport]] = {
    "approach3": _approach3,
    "isoflop": _minima,
    "envelope": _envelope,
    **{name: functools.partial(_curve, kind) for name, kind in CURVES.items()},
    "repeats": _repeats,
}


def _report(answer: dict, view: View, resamples: int, fitted: Any) -> FitReport:
    """The law with its intervals, its doubts, and its audit."""
    sure = simulate(view, resamples) if resamples else None
    bewares = warnings(view, sure)
    unidentified = {name for beware in bewares for name in beware.parameters}
    if sure:
        answer = answer | _intervals(sure, unidentified)
    try:
        audit, why = audited(view), ""
    except ValueError as reason:  # beside the law
        audit, why = None, str(reason)
    return FitReport(answer, view.runs, bewares, view, sure, audit, why, fitted)


def audited(view: View) -> holdout.Audit:
    """The law of ``view`` fitted without the largest rung, against what that measured."""

    def predict(runs: Runs, at: Runs):
        again = view.again(runs)
        return simulate(again, AUDIT).predict(lambda p: np.exp(again.log_law(p, at.columns)))

    return holdout.audit(view.runs, predict, view.title, view.measured, view.axes[0])


def _intervals(sure: Uncertain, unidentified: set[str]) -> dict:
    """Errors and intervals; none of parameters that the rows do not tell."""
    return {
        "se": {name: None if name in unidentified else se for name, se in sure.se.items()},
        "ci95": {
            name: None if name in unidentified else list(ends) for name, ends in sure.ci95().items()
        },
        "scatter": sure.scatter,
        "dof": sure.dof,
        "resamples": len(sure.draws),
    }


def flops_text(runs: Runs, factor: float | None = None, power: float | None = None) -> str:
    if "flops" not in runs.columns:
        return "6 N D: no column of FLOPs was given"
    return "as measured" if factor is None else f"as measured, about {factor:.4g} N^{power:.4g} D"
