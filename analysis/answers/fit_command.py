"""What law does anyone's table of runs follow? The work of ``scaling fit``: a CSV in, a law with
its intervals out.
"""

import json
from pathlib import Path

import numpy as np
import polars as pl

from analysis.fits import curves, envelope, isoflop, parametric, repeats
from analysis.fits.intervals import RESAMPLES, Uncertain
from analysis.fits.points import Runs
from analysis.text import number

KINDS = ("approach3", "isoflop", "envelope", "powerlaw", "saturating", "bnsl", "repeats")
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
    table = read(csv)
    if kind in _CURVES:
        answer = _curve(_CURVES[kind], table, n, d, loss, flops, x, cluster, delta, bootstrap)
    else:
        _asked(
            kind,
            n=n,
            d=d if kind in ("approach3", "repeats") else d or flops,
            unique=unique or kind != "repeats",
        )
        runs = Runs.of(
            table,
            cluster,
            n=n,
            d=d,
            loss=loss,
            flops=flops,
            unique=unique if kind == "repeats" else None,
        )
        answer = (
            _approach3(runs, delta, bootstrap)
            if kind == "approach3"
            else _repeats(runs, delta, bootstrap)
            if kind == "repeats"
            else _minima(runs, curve)
            if kind == "isoflop"
            else _envelope(runs, method)
        )
    if as_json:
        return json.dumps(
            {key: answer[key] for key in (*_JSON.get(kind, answer), "beware") if key in answer},
            indent=1,
        )
    return _lines(answer)


def read(csv: Path | str) -> pl.DataFrame:
    """The table as it stands. ValueError where there is no such file, or no table in it."""
    path = Path(csv)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    try:
        return pl.read_csv(path, infer_schema_length=None, null_values=[""])
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"{path} is no CSV table: {str(error).splitlines()[0]}") from error


def _asked(kind: str, **needed) -> None:
    lacking = [name for name, column in needed.items() if not column]
    if lacking:
        raise ValueError(
            f"{kind} needs the column of {', '.join(lacking)}: give "
            f"{' '.join('--' + name for name in lacking)}"
        )


def _approach3(runs: Runs, delta: float, bootstrap: int) -> dict:
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


def _repeats(runs: Runs, delta: float, bootstrap: int) -> dict:
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


def _minima(runs: Runs, curve: str) -> dict:
    found = isoflop.fit(runs, curve)
    return _n_opt(found, runs) | {
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
            for m in found.minima
        ]
    }


def _envelope(runs: Runs, method: str) -> dict:
    found = envelope.fit(runs, method)
    return _n_opt(found, runs) | {
        "method": method,
        "sizes": [{"n": float(n), "flops": float(c)} for n, c in zip(found.n, found.flops)],
    }


def _n_opt(found: isoflop.IsoFlop | envelope.Envelope, runs: Runs) -> dict:
    return {
        "law": "N_opt = factor C^exponent",
        "exponent": found.exponent,
        "factor": found.factor,
        "ci95": {"exponent": list(found.exponent_interval)},
        "se": {"exponent": float(found.law.errors[1])},
        "n_runs": len(runs),
        "flops": _flops_told(runs),
    }


def _curve(kind, table, n, d, loss, flops, x, cluster, delta, bootstrap) -> dict:
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
    fitted = curves.fit(runs, kind, delta)
    told = {
        "power": "A x^-c",
        "saturating": "E + A x^-c",
        "broken": "E + A x^-c0 (1 + (x/x_break)^(1/width))^(-c1 width)",
    }[kind]
    answer = (
        {"law": told, "x": axis}
        | fitted.parameters
        | {"objective": fitted.objective, "n_runs": len(runs), "delta": delta}
    )
    return answer | (_sure(fitted.uncertain(bootstrap)) if bootstrap else {})


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
        told = value if isinstance(value, str) else number(value, 5)
        extra = (
            f"   95 % [{number(ci95[name][0], 4)}, {number(ci95[name][1], 4)}]"
            if name in ci95
            else ""
        )
        extra += f"   se {number(se[name])}" if name in se else ""
        lines.append(f"{name:26}{told}{extra}")
    for row in answer.get("budgets", []):
        found = row["why_not"] or f"N_opt {number(row['n_opt'], 4)} ({row['curve']})"
        lines.append(f"  {number(row['flops'])} FLOPs: {found}")
    for row in answer.get("sizes", []):
        lines.append(f"  N {number(row['n'])} is best about {number(row['flops'])} FLOPs")
    return "\n".join(lines)
