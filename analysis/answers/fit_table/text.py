"""How is a fitted law told? As lines to read, or as one JSON object."""

import json

import numpy as np

from analysis.answers.fit_table.kinds import FitReport
from analysis.fits.approaches import parametric
from analysis.fits.intervals import Uncertain
from analysis.text import count, number

# where the object has these keys only
_JSON = {"approach3": (*parametric.PARAMETERS, "objective", "n_runs", "se", "ci95")}
_OFF = 3  # rows named by what the law leaves of them


def as_json(kind: str, report: FitReport) -> str:
    """One object: the answer, and ``warnings``."""
    answer = {
        key: report.answer[key] for key in _JSON.get(kind, report.answer) if key in report.answer
    }
    if kind not in _JSON:
        answer["audit"] = _audit(report)
    return json.dumps(
        answer | {"warnings": [beware.as_json() for beware in report.bewares]}, indent=1
    )


def lines(report: FitReport) -> str:
    """The law, its parameters, residuals, audit, and what to beware of."""
    answer = report.answer
    se, ci95 = answer.get("se") or {}, answer.get("ci95") or {}
    ci95 = ci95 | {
        name.removesuffix("_ci95"): ends for name, ends in answer.items() if name.endswith("_ci95")
    }
    out = [answer["law"], ""]
    for name, value in answer.items():
        if name in ("law", "se", "ci95") or isinstance(value, list):
            continue
        text = value if isinstance(value, str) else number(value, 5)
        ends, error = ci95.get(name), se.get(name)
        extra = f"   95 % [{number(ends[0], 4)}, {number(ends[1], 4)}]" if ends else ""
        extra += f"   se {number(error)}" if error is not None else ""
        out.append(f"{name:26}{text}{extra}")
    for row in answer.get("budgets", []):
        minimum = row["why_not"] or f"N_opt {number(row['n_opt'], 4)} ({row['curve']})"
        out.append(f"  {number(row['flops'])} FLOPs: {minimum}")
    for row in answer.get("sizes", []):
        out.append(f"  N {number(row['n'])} is best about {number(row['flops'])} FLOPs")
    if report.view is not None:
        out.append(f"{'residuals':26}{_residuals(report)}")
        out += [f"{'lack of fit':26}{_lack(report.sure)}"] if report.sure is not None else []
    out.append(f"{'audit':26}{_audited(report)}")
    out += [f"beware: {beware.text}" for beware in report.bewares]
    return "\n".join(out)


def _residuals(report: FitReport) -> str:
    left = -report.view.residuals  # measured over fitted
    worst = np.argsort(-np.abs(left))[:_OFF]
    rms = float(np.sqrt(np.mean(left**2)))
    named = ", ".join(f"{report.view.runs.names[i]} {_percent(left[i])}" for i in worst)
    return f"rms {number(100 * rms)} %; farthest off: {named}"


def _lack(sure: Uncertain) -> str:
    """What speaks most against the law, and what was made of it."""
    against = sure.against
    wider = "; predictions hold what other laws say" if sure.others else ""
    if against is None or not against.chances:
        return f"not asked: too few rows, or none is off{wider}"
    if not against.doubted:
        return f"none seen (chance {number(against.chance, 2)}){wider}"
    return f"{against.worst} (chance {number(against.chance, 2)}){wider}"


def _percent(log: float) -> str:
    value = 100 * float(np.expm1(log))
    return f"{'+' if value >= 0 else ''}{number(value, 2)} %"


def _audit(report: FitReport) -> dict:
    if report.audit is None:
        return {"why_not": report.why_no_audit}
    audit = report.audit
    return {
        "held_out": list(audit.held_out),
        "reach": audit.reach,
        "rms_log_error": audit.rms,
        "inside_95": round(audit.inside * len(audit.measured)),
        "measured": audit.measured.tolist(),
        "predicted": audit.predicted.value.tolist(),
        "low": audit.predicted.predicted_low.tolist(),
        "high": audit.predicted.predicted_high.tolist(),
    }


def _audited(report: FitReport) -> str:
    if report.audit is None:
        return f"none: {report.why_no_audit}"
    audit = report.audit
    rows = len(audit.measured)
    return (
        f"without the largest rung ({count(rows, 'row')}, {number(audit.reach)} times the next) it "
        f"is predicted to {number(100 * audit.rms, 2)} % (rms); "
        f"{round(audit.inside * rows)} of {rows} inside their 95 % intervals"
    )
