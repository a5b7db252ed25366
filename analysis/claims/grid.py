"""What do Gflops, model size and tokens buy over a grid of sizes and patches?"""

import itertools
import math

import numpy as np
import polars as pl

from analysis.answers.contrast import cells_of, difference, trend
from analysis.answers.verdicts import FAILS, HOLDS, UNKNOWN, below
from analysis.claims.claim import Judgement, Records, asked_of, judge
from analysis.fits import fid_laws
from analysis.fits.distributions import f_above, normal_below
from analysis.fits.linear import LEVEL, Linear, least_squares
from analysis.select.curves import curve_labels, with_curves
from analysis.text import fixed, listed, number

STRONG = -0.7  # of a correlation: half of the variance of FID
MARGIN = 0.1  # of a difference of exponents: doubling either of two buys the same within 7 % of FID
REJECTED = 0.01  # p of the F test below which one law is not enough


def gflops_lower_fid(records: Records) -> Judgement:
    """A part per curve, of DiT per patch: the slope of log FID on log Gflops over its rungs; single
    steps up may refute.
    """
    points = with_curves(records.main.points())
    head, _ = curve_labels(points)
    named = points.with_columns(part="curve")
    return _along(records, named, "forward_gmacs", head.lower(), "one size")


def tokens_lower_fid(records: Records) -> Judgement:
    """A part per size: the slope of log FID on log tokens over its patches; single steps up may
    refute. Of a family without tokens nothing is asked.
    """
    points = records.main.points()
    asked_of(points, "tokens", "patches")
    named = points.with_columns(part=pl.format("size {}", "rung"))
    return _along(records, named, "tokens", "size", "one patch")


def correlated(records: Records) -> Judgement:
    """The paper's r: of FID, not its logarithm, with log Gflops."""
    points, law = records.main.points(), records.answers.main.slope
    if law.r_interval is None:
        raise ValueError(
            "an interval of a correlation needs 4 models that are not on one line, found "
            f"{law.models}"
        )
    models = points.group_by("model", maintain_order=True).agg(
        pl.col("forward_gmacs").first(), pl.col("fid").mean()
    )
    linear = float(np.corrcoef(models["forward_gmacs"], models["fid"])[0, 1])
    return Judgement(
        below(law.r_interval, STRONG),
        law.r,
        law.r_interval,
        f"{law.models} models",
        tuple(points["trial_id"]),
        note=f"with linear Gflops r is {fixed(linear, 3)}",
        p_against=_fisher_against(law.r, law.models),
    )


def gflops_alone(records: Records) -> Judgement:
    """Is log FID a function of log Gflops, or do tokens and parameters buy differently? F test and
    exponents, against G + N × T, of which Gflops alone is a special case. N × T is not enough:
    Gflops of small models are no product of parameters and tokens, so Gflops alone is none of its.
    """
    answers = records.answers.main
    asked_of(records.main.points(), "tokens", "patches")
    models = answers.models
    alone, apart = answers.slope.fit, _gflops_and_both(models)
    rss, full = (fit.scatter**2 * fit.dof for fit in (alone, apart))
    extra = alone.dof - apart.dof
    ratio = (rss - full) / extra / (full / apart.dof)
    p = float(f_above(ratio, extra, apart.dof))
    # exponent of tokens minus that of parameters at equal Gflops, at the mean model
    value, (low, high) = float(apart.coefficients[2]), map(float, apart.coefficient_intervals()[2])
    inside = -MARGIN < low and high < MARGIN
    verdict = FAILS if p < REJECTED else HOLDS if inside else UNKNOWN
    return Judgement(
        verdict,
        value,
        (low, high),
        f"{len(models)} models",
        tuple(records.main.points()["trial_id"]),
        note=f"F({extra}, {apart.dof}) = {number(ratio, 2)}, p = {number(p, 1)} against Gflops "
        f"alone{_alike(models)}",
        p_against=min(1.0, p * (1 - LEVEL) / REJECTED),
    )


def _gflops_and_both(models: pl.DataFrame) -> Linear:
    """log FID = c + log G, half of log T - log N, their product and half their sum: N × T with G
    beside it. Where Gflops are a product of both the sum says nothing of its own and is left out.
    """
    logs = fid_laws.log_axes(models)
    n, t, g = logs - logs.mean(1)[:, None]
    terms = np.column_stack([np.ones(len(n)), g, (t - n) / 2, n * t, (t + n) / 2])
    if len(models) >= terms.shape[1] > np.linalg.matrix_rank(terms):
        terms = terms[:, :-1]
    return least_squares(terms, np.log(models["fid"].to_numpy()), "Gflops with N × T")


def _fisher_against(r: float, n: int) -> float:
    """Two-sided p of a correlation of STRONG, of ``r`` weaker than that over ``n`` models."""
    away = (math.atanh(r) - math.atanh(STRONG)) * math.sqrt(n - 3)
    return 2 * float(normal_below(-away)) if away > 0 else 1.0


def _alike(models: pl.DataFrame, within: float = 1.5) -> str:
    """The FIDs of the group of models of like Gflops (largest over smallest ``within``) whose FIDs
    differ most.
    """
    ordered = models.sort("forward_gmacs")
    groups = [
        ordered.filter(pl.col("forward_gmacs").is_between(low, low * within))
        for low in ordered["forward_gmacs"]
    ]
    worst = max(
        (g for g in groups if len(g) > 1),
        key=lambda g: g["fid"].max() / g["fid"].min(),
        default=None,
    )
    if worst is None:
        return ""
    ends, fids = worst["forward_gmacs"], ", ".join(number(fid) for fid in worst["fid"])
    return f"; at {number(ends.min())} to {number(ends.max())} Gflops FIDs are {fids}"


def _along(
    records: Records, points: pl.DataFrame, axis: str, fixed_at: str, step: str
) -> Judgement:
    """``points`` with a column ``part`` that names the ladder of each."""
    bad = points.filter(pl.col(axis).is_null() | ~(pl.col(axis) > 0))
    if len(bad):
        raise ValueError(f"{bad['trial_id'][0]} has {axis} {bad[axis][0]}, which has no logarithm")
    cells = cells_of(points).sort("params_m", "forward_gmacs", descending=[False, True])
    parts, steps, alone = [], [], []
    for (name,), ladder in cells.group_by("part", maintain_order=True):
        ladder = ladder.sort(axis)
        if ladder[axis].n_unique() < 2:
            alone.append(name)
            continue
        parts.append(
            trend(name, ladder, ladder[axis].cast(pl.Float64).log().to_numpy(), records.noise)
        )
        pairs = itertools.pairwise(ladder.to_dicts())
        steps += [
            difference(upper, lower, f"{upper['model']} against {lower['model']}", records.noise)
            for lower, upper in pairs
            if records.noise is not None or min(lower["seeds"], upper["seeds"]) > 1
        ]
    if not parts:
        raise ValueError(
            f"no {fixed_at} was trained at more than {step}; train a second of "
            f"{', '.join(cells['model'][:2])}"
        )
    down = sum(part.interval()[1] < 0 for part in steps)
    notes = (
        [f"{down} of {len(steps)} single steps lower FID clearly"]
        if steps
        else [
            "one seed: the scatter about each line stands for the noise, single steps have no error"
        ]
    )
    if (
        steps
        and records.noise is None
        and (single := cells.filter(pl.col("seeds") == 1)["model"].to_list())
    ):
        notes.append(
            f"of one seed, without an error of their own: {listed(single, range(len(single)))}"
        )
    notes += [f"not judged, {step} each: {', '.join(alone)}"] if alone else []
    return judge(sorted(parts, key=lambda part: part.of), steps, note="; ".join(notes))
