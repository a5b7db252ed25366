"""Which laws do a study's records carry, how sure are they, and would they have predicted its
largest models?

One ``Told`` per law that was asked of the records, in a fixed order: what it says, its exponent
with a 95 % interval, its audit (fitted without the largest rung, scored on it), and, where the
records cannot carry it, why.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from analysis.answers.slopes import fit_points
from analysis.figures.panels import completed, headline
from analysis.fits import (
    agreement,
    curves,
    envelope,
    fid_laws,
    holdout,
    isoflop,
    loss_to_fid,
    parametric,
)
from analysis.fits.fid_laws import Chosen, FidLaw, Score
from analysis.fits.points import Runs, need
from analysis.select.recipes import ended, one_recipe, one_setting
from analysis.text import fixed, number

RESAMPLES = 300  # in tables and figures alike, so that both print the same interval
LEAST_FRONTIER = 3
NAMES = {"x": "compute", "y": "FID"}  # of the axes of a law of one variable, in messages


@dataclass(frozen=True)
class Told:
    """One law as a table tells it. Intervals are 95 %; what is not known is None, and ``why_not``
    says why.
    """

    question: str
    law: str | None = None  # as a formula with its numbers
    exponent: str | None = None  # what the next two are of
    value: float | None = None
    interval: tuple[float, float] | None = None
    held_out: str | None = None  # the rung of the audit
    rms_log_error: float | None = None  # of the audit
    inside: str | None = None  # "3 of 3": held-out figures inside their 95 % prediction intervals
    why_not: str | None = None  # no law
    why_no_audit: str | None = None
    fitted: object = field(default=None, repr=False, compare=False)  # the fit itself, for figures


def laws(trials: pl.DataFrame, evaluations: pl.DataFrame) -> list[Told]:
    """Every law asked of a study's frames."""
    asked: list[tuple[str, Callable[[], Told]]] = [
        ("FID on model Gflops, a power law", lambda: _on_gflops(trials)),
        ("FID on model Gflops, with a floor", lambda: _floored(trials)),
        ("FID on parameters and tokens, form chosen by rolling", lambda: _rolled(trials)),
        ("FID of the best model on training FLOPs", lambda: _frontier(evaluations)),
        ("Held-out loss on model and images, approach 3", lambda: _approach3(evaluations)),
        ("Best model on training FLOPs, envelope (approach 1)", lambda: _envelope(evaluations)),
        ("Best model on training FLOPs, isoFLOP (approach 2)", lambda: _isoflop(evaluations)),
        ("FID on held-out loss", lambda: _loss_to_fid(trials)),
    ]
    found = []
    for question, fit in asked:
        try:
            told = fit()
        # told in the law's place: the reader sees what the records lack
        except ValueError as reason:
            told = Told(question, why_not=str(reason))
        found.append(replace(told, question=told.question or question))
    return found


def laws_table(found: list[Told]) -> pl.DataFrame:
    """One row per law, for reading."""
    return pl.DataFrame(
        [
            {
                "question": t.question,
                "law": t.law,
                "exponent": t.exponent,
                "value": t.value,
                "low": t.interval and t.interval[0],
                "high": t.interval and t.interval[1],
                "held_out": t.held_out,
                "rms_log_error": t.rms_log_error,
                "inside_95": t.inside,
                "why_not": t.why_not or t.why_no_audit,
            }
            for t in found
        ],
        schema={
            "question": pl.String,
            "law": pl.String,
            "exponent": pl.String,
            "value": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "held_out": pl.String,
            "rms_log_error": pl.Float64,
            "inside_95": pl.String,
            "why_not": pl.String,
        },
    )


def agreement_table(found: list[Told]) -> pl.DataFrame | None:
    """Whether the approaches that have an exponent of N_opt agree; None below two of them."""
    asked = {
        name: told
        for name, told in zip(("approach3", "envelope", "isoflop"), found[4:7])
        if told.interval
    }
    if len(asked) < 2:
        return None
    return agreement.agreement({name: (told.value, *told.interval) for name, told in asked.items()})


def rolled(trials: pl.DataFrame) -> tuple[Chosen, Score, FidLaw]:
    """The choice of a law of FID without the largest rung, its score there, and the law on all
    rungs.

    ValueError where sizes or models are too few.
    """
    models, noise = fid_laws.model_means(trials)
    chosen, final = fid_laws.final_score(models, fid_laws.rungs(models)[-1], noise=noise)
    return chosen, final, fid_laws.fit_law(chosen.law, models, noise)


def loss_runs(evaluations: pl.DataFrame) -> tuple[int, Runs]:
    """The finest patch with most models, and its runs: n MACs of a forward pass, d images, loss,
    flops; a row per evaluated checkpoint, clustered by training.

    One patch at a time: tokens are an axis of their own, which a law of N and D does not have.
    ValueError where recipes are mixed or a model has several settings (``recipes``); where the
    learning rate falls, ends alone.
    """
    # A training's loss does not depend on how its samples are drawn: protocols are no reason to
    # refuse.
    rows = ended(headline(completed(evaluations), "heldout_loss", across_protocols=True))
    one_recipe(rows)
    one_setting(rows)
    rows = rows.unique(["train_id", "step"], keep="first", maintain_order=True)
    models = (
        rows.group_by("patch")
        .agg(pl.col("model").n_unique())
        .sort("model", "patch", descending=[True, False])
    )
    patch = models["patch"][0]
    one = rows.filter(pl.col("patch") == patch).with_columns(
        macs=pl.col("forward_gmacs") * 1e9, name=pl.format("{} at {} steps", "trial_id", "step")
    )
    return patch, Runs.of(
        one.drop("state", "protocol"),
        "train_id",
        n="macs",
        d="images",
        loss="value",
        flops="train_flops",
    )


def _on_gflops(trials: pl.DataFrame) -> Told:
    models, noise = fid_laws.model_means(trials)
    law = fid_laws.fit_law("G", models, noise)
    slope, (low, high) = law.fit.coefficients[1], law.fit.coefficient_intervals()[1]
    return Told(
        "",
        f"FID ∝ G^{fixed(slope, 3)}",
        "of G",
        float(slope),
        (float(low), float(high)),
        **_scored(fid_laws.score("G", models, fid_laws.rungs(models)[-1], noise)),
        fitted=law,
    )


def _floored(trials: pl.DataFrame) -> Told:
    models, _ = fid_laws.model_means(trials)
    names = models["model"].to_list()
    runs = Runs.checked(
        names,
        {"x": models["forward_gmacs"].to_numpy(), "y": models["fid"].to_numpy()},
        np.arange(len(names)),
        NAMES,
    )
    fitted = curves.fit(runs, "saturating")
    p = fitted.parameters
    return Told(
        "",
        f"FID = {number(p['E'])} + {number(p['A'])} G^{fixed(-p['c'], 3)}",
        "of G",
        -p["c"],
        _turned(fitted.uncertain(RESAMPLES).ci95()["c"]),
        **_audited(
            lambda: holdout.audit(runs, holdout.curve("saturating"), "saturating", "y", "x")
        ),
        fitted=fitted,
    )


def _rolled(trials: pl.DataFrame) -> Told:
    chosen, final, law = rolled(trials)
    terms = chosen.law
    slope, (low, high) = law.fit.coefficients[1], law.fit.coefficient_intervals()[1]
    return Told(
        "",
        f"log FID = c + {terms}",
        f"of {terms[0]} at the mean model",
        float(slope),
        (float(low), float(high)),
        **_scored(final),
        fitted=law,
    )


def _frontier(evaluations: pl.DataFrame) -> Told:
    runs = frontier_runs(evaluations)
    fitted = curves.fit(runs, "power")
    p = fitted.parameters
    return Told(
        "",
        f"FID = {number(p['A'])} C^{fixed(-p['c'], 3)} along {len(runs)} best checkpoints",
        "of C",
        -p["c"],
        _turned(fitted.uncertain(RESAMPLES).ci95()["c"]),
        **_audited(lambda: holdout.audit(runs, holdout.curve("power"), "power", "y", "x")),
        fitted=fitted,
    )


def frontier_runs(evaluations: pl.DataFrame) -> Runs:
    """Checkpoints (means over seeds) that no cheaper one betters: x training FLOPs, y FID.
    ValueError as ``loss_runs``, where protocols are mixed, and where they are too few.
    """
    rows = ended(headline(completed(evaluations)))
    one_recipe(rows)
    one_setting(rows)
    rows = rows.unique(["train_id", "step"], keep="first", maintain_order=True)
    means = (
        rows.group_by("model", "step")
        .agg(pl.col("train_flops").first(), pl.col("value").log().mean().exp().alias("fid"))
        .sort("train_flops", "fid")
    )
    best = means.filter(pl.col("fid") < pl.col("fid").cum_min().shift(1, fill_value=float("inf")))
    need(
        len(best),
        LEAST_FRONTIER,
        "a law of the best model on training FLOPs",
        "checkpoints that no cheaper one betters",
    )
    names = [f"{model} at {step:,} steps" for model, step in best.select("model", "step").rows()]
    return Runs.checked(
        names,
        {"x": best["train_flops"].to_numpy(), "y": best["fid"].to_numpy()},
        best["model"].to_numpy(),
        NAMES,
    )


def _approach3(evaluations: pl.DataFrame) -> Told:
    patch, runs = loss_runs(evaluations)
    fitted = parametric.fit(runs)
    floor = f"{number(fitted.E)} + " if fitted.has_floor else ""
    return Told(
        f"Held-out loss on model and images at patch {patch}, approach 3",
        f"L = {floor}{number(fitted.A)} N^{fixed(-fitted.alpha, 3)} + {number(fitted.B)} "
        f"D^{fixed(-fitted.beta, 3)}, "
        "N in MACs",
        "a of N_opt ∝ C^a",
        fitted.exponent,
        fitted.exponent_interval(parametric.uncertain(fitted, RESAMPLES)),
        **_audited(
            lambda: holdout.audit(runs, holdout.approach3(), "approach 3", "loss", "n"),
            "checkpoints",
        ),
        fitted=fitted,
    )


def _envelope(evaluations: pl.DataFrame) -> Told:
    patch, runs = loss_runs(evaluations)
    fitted = envelope.fit(seed_means(runs))
    return Told(
        f"Best model on training FLOPs at patch {patch}, envelope (approach 1)",
        f"N_opt = {number(fitted.factor)} C^{fixed(fitted.exponent, 3)}",
        "a of N_opt ∝ C^a",
        fitted.exponent,
        fitted.exponent_interval,
        why_no_audit="the envelope predicts sizes, which nobody measures",
        fitted=fitted,
    )


def _isoflop(evaluations: pl.DataFrame) -> Told:
    patch, runs = loss_runs(evaluations)
    fitted = isoflop.fit(seed_means(runs))
    return Told(
        f"Best model on training FLOPs at patch {patch}, isoFLOP (approach 2)",
        f"N_opt = {number(fitted.factor)} C^{fixed(fitted.exponent, 3)}",
        "a of N_opt ∝ C^a",
        fitted.exponent,
        fitted.exponent_interval,
        why_no_audit="isoFLOP predicts sizes, which nobody measures",
        fitted=fitted,
    )


def _loss_to_fid(trials: pl.DataFrame) -> Told:
    points = fit_points(trials).filter(pl.col("heldout_loss").is_not_null())
    one_recipe(points)
    means = points.group_by("model", maintain_order=True).agg(
        pl.col("heldout_loss", "fid").log().mean().exp()
    )
    fitted = loss_to_fid.fit(Runs.of(means, loss="heldout_loss", fid="fid"))
    low, high = fitted.fit.coefficient_intervals()[1]
    return Told(
        "",
        f"FID ∝ L^{fixed(fitted.slope, 3)}",
        "of L",
        fitted.slope,
        (float(low), float(high)),
        why_no_audit="a map between figures of the same models, not an extrapolation",
        fitted=fitted,
    )


def seed_means(runs: Runs) -> Runs:
    """Repeats of one size and length as one row: geometric means."""
    table = (
        pl.DataFrame({"name": runs.names} | {role: runs[role] for role in runs.columns})
        .group_by("n", "d", maintain_order=True)
        .agg(pl.col("name", "flops").first(), pl.col("loss").log().mean().exp())
    )
    return Runs.of(table, n="n", d="d", loss="loss", flops="flops")


def _scored(score: Score) -> dict:
    if score.predicted is None:
        return {"why_no_audit": score.why}
    return {
        "held_out": score.rung,
        "rms_log_error": score.rms,
        "inside": f"{score.held} of {len(score.models)}",
    }


def _audited(audit: Callable[[], holdout.Audit], rows: str = "runs") -> dict:
    try:
        found = audit()
    except ValueError as reason:  # told beside the law
        return {"why_no_audit": str(reason)}
    measured = len(found.measured)
    return {
        "held_out": found.held_out[0] if measured == 1 else f"{measured} {rows} of the largest",
        "rms_log_error": found.rms,
        "inside": f"{round(found.held * measured)} of {measured}",
    }


def _turned(ends: tuple[float, float]) -> tuple[float, float]:
    return -ends[1], -ends[0]
