"""How far does the exponent depend on choices that are seldom reported? One slope per choice,
beside the interval of the first.

An interval from scatter says how well one choice determines its exponent. Another metric, another
definition of N, a rung left out, another average of the weights or learning rate is another study
of the same question: where slopes over choices differ by more than the interval, the interval is
not the uncertainty.
"""

from collections.abc import Callable, Sequence

import polars as pl

from analysis.answers.slopes import line_of
from analysis.answers.study import Answers
from analysis.fits.fid_laws import rungs
from analysis.fits.linear import Linear
from analysis.select.learning_rates import best_rates, named
from analysis.select.selection import Selection
from analysis.select.trials import METRICS

AXES = ("forward_gmacs", "train_flops", "params_m")
SETTINGS = ("ema", "sampling")  # columns whose values make studies of their own


def spread(
    source: Answers | pl.DataFrame,
    metrics: Sequence[str] = METRICS,
    axes: Sequence[str] = AXES,
    settings: Sequence[str] = SETTINGS,
    drop: bool = True,
) -> pl.DataFrame:
    """One row per choice: choice, setting, slope of log metric on log axis, low, high (95 %),
    models, why_not.

    The first row is the reference: the first metric on the first axis, all rungs, at the settings
    it names; every other row changes one thing. A choice that the trials cannot answer has its
    reason and no number. A column of ``settings`` is a choice where one model has several of its
    values; the reference is then the value of most trials. Several learning rates of one model are
    another: the reference takes each model's best by held-out loss, the others hold one rate for
    all. ValueError where the reference has no slope.
    """
    answers = Answers.of(source)
    trials = answers.selection.trials
    present = [
        column for column in settings if column in trials.columns and _varies(trials, column)
    ]
    usual = {column: trials[column].drop_nulls().mode().sort()[0] for column in present}
    several = _varies(trials, "lr")
    tuned = _tuned(trials) if several else trials
    varied = several or present
    answers = Answers.of(_at(tuned, usual)) if varied else answers
    base = answers.selection
    reference = _row(lambda: answers.line(metrics[0], axes[0]))
    if reference["why_not"]:
        raise ValueError(reference["why_not"])
    named = " ".join([f"{metrics[0]} on {axes[0]}", *(f"at {value}" for value in usual.values())])
    rows = [{"choice": "reference", "setting": named} | reference]
    for metric in metrics[1:]:
        if metric in trials.columns and base.trials[metric].is_not_null().any():
            rows.append(
                {"choice": "metric", "setting": metric} | _slope(base.points, metric, axes[0])
            )
    for axis in axes[1:]:
        if axis in trials.columns and base.trials[axis].is_not_null().any():
            rows.append({"choice": "axis", "setting": axis} | _slope(base.points, metrics[0], axis))
    for rung in rungs(base.points(metrics[0])) if drop else []:
        kept = base.points(metrics[0]).filter(pl.col("rung") != rung)
        rows.append(
            {"choice": "without", "setting": rung}
            | _slope(lambda metric, kept=kept: kept, metrics[0], axes[0])
        )
    for column in present:
        for value in _others(tuned, column, usual[column]):
            rows.append(
                {"choice": column, "setting": str(value)}
                | _slope(Selection(_at(tuned, usual | {column: value})).points, metrics[0], axes[0])
            )
    for rate in sorted(trials["lr"].unique()) if several else []:
        fixed = _at(trials.filter(pl.col("lr") == rate), usual)
        rows.append(
            {"choice": "lr", "setting": f"{rate:g} for all"}
            | _slope(Selection(fixed).points, metrics[0], axes[0])
        )
    return pl.DataFrame(
        rows,
        schema={
            "choice": pl.String,
            "setting": pl.String,
            "slope": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "models": pl.Int64,
            "why_not": pl.String,
        },
    )


def _varies(trials: pl.DataFrame, column: str) -> bool:
    """Whether one model has several values of ``column``."""
    return bool(trials.group_by("model").agg(pl.col(column).n_unique())[column].max() > 1)


def _tuned(trials: pl.DataFrame) -> pl.DataFrame:
    """Of each model the trials at its best learning rate."""
    best = pl.DataFrame(
        [{"model": rate.of, "besides": rate.besides, "lr": rate.lr} for rate in best_rates(trials)]
    )
    return (
        named(trials)
        .join(best, on=["model", "besides", "lr"], how="semi", maintain_order="left")
        .drop("name", "besides")
    )


def _at(trials: pl.DataFrame, values: dict) -> pl.DataFrame:
    for column, value in values.items():
        trials = trials.filter(pl.col(column) == value)
    return trials


def _others(trials: pl.DataFrame, column: str, usual) -> list:
    """The values of ``column`` beside the usual one, fewest sampling steps and least guidance
    first.
    """
    order = [name for name in ("sampling_steps", "guidance", column) if name in trials.columns]
    return (
        trials.filter(pl.col(column) != usual)
        .sort(order)[column]
        .unique(maintain_order=True)
        .to_list()
    )


def span(table: pl.DataFrame, choices: Sequence[str] | None = None) -> tuple[float, float]:
    """The least and the largest slope over the rows of ``spread`` that have one; of some choices
    only if named.
    """
    rows = table.filter(pl.col("slope").is_not_null())
    if choices is not None:
        rows = rows.filter(pl.col("choice").is_in(["reference", *choices]))
    return float(rows["slope"].min()), float(rows["slope"].max())


def _slope(points: Callable[[str], pl.DataFrame], metric: str, axis: str) -> dict:
    """The slope over models (means over seeds) of the ``points`` of ``metric``."""
    return _row(lambda: line_of(points(metric), metric, axis))


def _row(fitted: Callable[[], Linear]) -> dict:
    """The columns of a slope, or the reason there is none."""
    try:
        fit = fitted()
    except ValueError as reason:  # a row of the table says why this choice has no slope
        return {"slope": None, "low": None, "high": None, "models": 0, "why_not": str(reason)}
    low, high = fit.coefficient_intervals()[1]
    return {
        "slope": float(fit.coefficients[1]),
        "low": float(low),
        "high": float(high),
        "models": fit.dof + len(fit.coefficients),
        "why_not": None,
    }
