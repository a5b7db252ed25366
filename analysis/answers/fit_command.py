"""Fits a law to anyone's table of runs: the work of ``scaling fit``, from a CSV file to a law with
intervals.
"""

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from analysis.fits import curves, envelope, isoflop, parametric, repeats
from analysis.fits.intervals import RESAMPLES, Uncertain
from analysis.fits.points import Runs
from analysis.frames.foreign import read_table
from analysis.text import number

_CURVES = {"powerlaw": "power", "saturating": "saturating", "bnsl": "broken"}
_ONLY = {
    "x": tuple(_CURVES),
    "unique": ("repeats",),
    "curve": ("isoflop",),
    "method": ("envelope",),
    # laws that heed an option which others have no use for
    "cluster": ("approach3", *_CURVES, "repeats"),
}
_LEAST_RESAMPLES = 100
# where the object has these keys only
_JSON = {"approach3": (*parametric.PARAMETERS, "objective", "n_runs", "se", "ci95")}


@dataclass(frozen=True)
class Asked:
    """A table and what is asked of it: the columns of each role, and how to fit."""

    table: pl.DataFrame
    n: str | None
    d: str | None
    loss: str
    flops: str | None
    x: str | None
    unique: str | None
    cluster: str | None
    delta: float
    bootstrap: int
    curve: str
    method: str

    def runs(self, **roles: str | None) -> Runs:
        """The rows as runs of n, d, loss and FLOPs, with further ``roles``."""
        columns = {"n": self.n, "d": self.d, "loss": self.loss, "flops": self.flops}
        return Runs.of(self.table, self.cluster, **columns, **roles)


def run(
    kind: str,
    csv: Path | str,
    n: str | None = None,
    d: str | None = None,
    loss: str = "loss",
    flops: str | None = None,
    x: str | None = None,
    unique: str | None = None,
    cluster: str | None = None,
    delta: float = parametric.DELTA,
    bootstrap: int = RESAMPLES,
    curve: str = "auto",
    method: str = "interpolated",
    as_json: bool = False,
) -> str:
    """Fit law ``kind`` to the table ``csv`` and tell it, as lines to read or as one JSON object.

    ``n``, ``d``, ``loss``, ``flops`` (exact training FLOPs), ``unique`` (different images) name
    columns. Laws of one variable fit ``loss`` on ``x``, by default the FLOPs column, else 6 N D,
    else N or D where one is given. ``cluster`` names the column that says which training a row
    comes from. ``bootstrap`` repeats make the intervals; 0 makes none. ValueError in one line where
    the table or a name will not do.
    """
    if kind not in KINDS:
        raise ValueError(f"no law {kind!r}; there are {', '.join(KINDS)}")
    given = {
        "x": x,
        "unique": unique,
        "cluster": cluster,
        "curve": curve != "auto",
        "method": method != "interpolated",
    }
    if idle := [option for option, value in given.items() if value and kind not in _ONLY[option]]:
        raise ValueError(
            f"{kind} has no use for --{idle[0]}, which is for {', '.join(_ONLY[idle[0]])}; leave "
            "it out"
        )
    if not (np.isfinite(delta) and delta > 0):
        raise ValueError(f"delta is {delta:g}; the Huber loss needs it above 0, such as 1e-3")
    if bootstrap and bootstrap < _LEAST_RESAMPLES:
        raise ValueError(
            f"{bootstrap} repeats are too few for an interval; give {_LEAST_RESAMPLES} or more, or "
            "0 for none"
        )
    asked = Asked(read(csv), n, d, loss, flops, x, unique, cluster, delta, bootstrap, curve, method)
    answer = KINDS[kind](asked)
    if as_json:
        return json.dumps(
            {key: answer[key] for key in (*_JSON.get(kind, answer), "beware") if key in answer},
            indent=1,
        )
    return _lines(answer)


def read(csv: Path | str) -> pl.DataFrame:
    """The table as it stands. ValueError where there is no such file, or no table in it."""
    return read_table(csv)


def _need(kind: str, **columns: str | None) -> None:
    lacking = [name for name, column in columns.items() if not column]
    if lacking:
        raise ValueError(
            f"{kind} needs the column of {', '.join(lacking)}: give "
            f"{' '.join('--' + name for name in lacking)}"
        )


def _approach3(asked: Asked) -> dict:
    _need("approach3", n=asked.n, d=asked.d)
    runs, delta, bootstrap = asked.runs(), asked.delta, asked.bootstrap
    fitted = parametric.fit(runs, delta)
    answer = (
        {"law": "E + A/N^alpha + B/D^beta"}
        | {name: getattr(fitted, name) for name in parametric.PARAMETERS}
        | {
            "objective": fitted.objective,
            "n_runs": fitted.n_runs,
            "delta": delta,
            "n_opt_exponent": fitted.exponent,
            "flops": _flops_told(runs, fitted.flops_factor, fitted.flops_power),
        }
    )
    if fitted.at_bound:
        answer["beware"] = (
            f"{' and '.join(fitted.at_bound)} at the end of what is searched, "
            f"{parametric.EXPONENTS[0]:g} to "
            f"{parametric.EXPONENTS[1]:g}: this law does not describe these runs"
        )
    if not bootstrap:
        return answer | {"se": None, "ci95": None}
    sure = parametric.uncertain(fitted, bootstrap)
    return answer | _sure(sure) | {"n_opt_exponent_ci95": list(fitted.exponent_interval(sure))}


def _repeats(asked: Asked) -> dict:
    _need("repeats", n=asked.n, d=asked.d, unique=asked.unique)
    runs, delta, bootstrap = asked.runs(unique=asked.unique), asked.delta, asked.bootstrap
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
    return answer | (_sure(fitted.uncertain(bootstrap)) if bootstrap else {})


def _minima(asked: Asked) -> dict:
    _need("isoflop", n=asked.n, d=asked.d or asked.flops)
    runs = asked.runs()
    fitted = isoflop.fit(runs, asked.curve)
    return _n_opt(fitted, runs) | {
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


def _envelope(asked: Asked) -> dict:
    _need("envelope", n=asked.n, d=asked.d or asked.flops)
    runs = asked.runs()
    fitted = envelope.fit(runs, asked.method)
    return _n_opt(fitted, runs) | {
        "method": asked.method,
        "sizes": [{"n": float(n), "flops": float(c)} for n, c in zip(fitted.n, fitted.flops)],
    }


def _n_opt(fitted: isoflop.IsoFlop | envelope.Envelope, runs: Runs) -> dict:
    return {
        "law": "N_opt = factor C^exponent",
        "exponent": fitted.exponent,
        "factor": fitted.factor,
        "ci95": {"exponent": list(fitted.exponent_interval)},
        "se": {"exponent": float(fitted.law.errors[1])},
        "n_runs": len(runs),
        "flops": _flops_told(runs),
    }


def _curve(kind: str, asked: Asked) -> dict:
    table, cluster, loss, n, d = asked.table, asked.cluster, asked.loss, asked.n, asked.d
    x, flops = asked.x, asked.flops
    if x or flops:
        runs, axis = Runs.of(table, cluster, x=x or flops, y=loss), x or flops
    elif n and d:
        both = Runs.of(table, cluster, n=n, d=d, y=loss)
        axis = f"6 {n} {d}"
        columns = {"x": 6 * both["n"] * both["d"], "y": both["y"]}
        runs = Runs.checked(both.names, columns, both.cluster, {"x": axis, "y": loss})
    elif n or d:
        runs, axis = Runs.of(table, cluster, x=n or d, y=loss), n or d
    else:
        raise ValueError(
            "a law of one variable needs its axis: give --x, or --flops, or --n and --d"
        )
    fitted = curves.fit(runs, kind, asked.delta)
    answer = (
        {"law": curves.KINDS[kind].formula, "x": axis}
        | fitted.parameters
        | {"objective": fitted.objective, "n_runs": len(runs), "delta": asked.delta}
    )
    return answer | (_sure(fitted.uncertain(asked.bootstrap)) if asked.bootstrap else {})


KINDS: Mapping[str, Callable[[Asked], dict]] = {
    "approach3": _approach3,
    "isoflop": _minima,
    "envelope": _envelope,
    **{name: functools.partial(_curve, kind) for name, kind in _CURVES.items()},
    "repeats": _repeats,
}


def _sure(sure: Uncertain) -> dict:
    return {
        "se": sure.se,
        "ci95": {name: list(ends) for name, ends in sure.ci95().items()},
        "scatter": sure.scatter,
        "dof": sure.dof,
        "resamples": len(sure.draws),
    }


def _flops_told(runs: Runs, factor: float | None = None, power: float | None = None) -> str:
    if "flops" not in runs.columns:
        return "6 N D: no column of FLOPs was given"
    return "as measured" if factor is None else f"as measured, about {factor:.4g} N^{power:.4g} D"


def _lines(answer: dict) -> str:
    se, ci95 = answer.get("se") or {}, answer.get("ci95") or {}
    ci95 = ci95 | {
        name.removesuffix("_ci95"): ends for name, ends in answer.items() if name.endswith("_ci95")
    }
    lines = [answer["law"], ""]
    for name, value in answer.items():
        if name in ("law", "se", "ci95") or isinstance(value, list):
            continue
        text = value if isinstance(value, str) else number(value, 5)
        extra = (
            f"   95 % [{number(ci95[name][0], 4)}, {number(ci95[name][1], 4)}]"
            if name in ci95
            else ""
        )
        extra += f"   se {number(se[name])}" if name in se else ""
        lines.append(f"{name:26}{text}{extra}")
    for row in answer.get("budgets", []):
        minimum = row["why_not"] or f"N_opt {number(row['n_opt'], 4)} ({row['curve']})"
        lines.append(f"  {number(row['flops'])} FLOPs: {minimum}")
    for row in answer.get("sizes", []):
        lines.append(f"  N {number(row['n'])} is best about {number(row['flops'])} FLOPs")
    return "\n".join(lines)
