"""How is a fitted law told? As lines to read, or as one JSON object."""

import json

import numpy as np

from analysis.answers.fit_table.kinds import Told
from analysis.fits.approaches import parametric
from analysis.text import count, number

# where the object has these keys only
_JSON = {"approach3": (*parametric.PARAMETERS, "objective", "n_runs", "se", "ci95")}
_OFF = 3  # rows named by what the law leaves of them


def as_json(kind: str, told: Told) -> str:
    """One object: the answer, and ``warnings``."""
    answer = {key: told.answer[key] for key in _JSON.get(kind, told.answer) if key in told.answer}
    if kind not in _JSON:
        answer["audit"] = _audit(told)
    return json.dumps(
        answer | {"warnings": [beware.as_json() for beware in told.bewares]}, indent=1
    )


def lines(told: Told) -> str:
    """The law, its parameters, residuals, audit, and what to beware of."""
    answer = told.answer
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
    if told.view is not None:
        out.append(f"{'residuals':26}{_residuals(told)}")
    out.append(f"{'audit':26}{_audited(told)}")
    out += [f"beware: {beware.text}" for beware in told.bewares]
    return "\n".join(out)


def _residuals(told: Told) -> str:
    left = -told.view.residuals  # measured over fitted
    worst = np.argsort(-np.abs(left))[:_OFF]
    rms = float(np.sqrt(np.mean(left**2)))
    named = ", ".join(f"{told.view.runs.names[i]} {_percent(left[i])}" for i in worst)
    return f"rms {number(100 * rms)} %; farthest off: {named}"


def _percent(log: float) -> str:
    value = 100 * float(np.expm1(log))
    return f"{'+' if value >= 0 else ''}{number(value, 2)} %"


def _audit(told: Told) -> dict:
    if told.audit is None:
        return {"why_not": told.why_no_audit}
    audit = told.audit
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


def _audited(told: Told) -> str:
    if told.audit is None:
        return f"none: {told.why_no_audit}"
    audit = told.audit
    rows = len(audit.measured)
    return (
        f"without the largest rung ({count(rows, 'row')}, {number(audit.reach)} times the next) it "
        f"is predicted to {number(100 * audit.rms, 2)} % (rms); "
        f"{round(audit.inside * rows)} of {rows} inside their 95 % intervals"
    )
