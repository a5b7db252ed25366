"""Predicts what a model will measure before it runs, and freezes the prediction in a file that
later records are scored against.

The law is chosen by a rule that was there before the data, and the file says how: where three sizes
or more were measured at the target's steps, the form of log FID that predicted the largest of them
from the smaller ones (``fid_laws.choose``); at other steps E + A/N^a + B/D^b over all checkpoints
of the target's patch (``parametric``).
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from analysis.fits import fid_laws, holdout, parametric
from analysis.fits.points import Runs
from analysis.forecasting.frozen import freeze, records_of, thaw
from analysis.forecasting.targets import Conditions, Target, measured, target_of
from analysis.frames import Folder, evaluations_frame, studies
from analysis.select.checkpoints import fit_checkpoints
from analysis.select.trials import fit_points
from analysis.text import number
from scaling.records.provenance import code_version
from scaling.study.cost import train_flops
from scaling.study.identity import identity

LEAST_SIZES = 3
RULE = (
    f"{LEAST_SIZES} sizes or more measured at the target's steps: the declared form of log FID "
    "that predicts the largest "
    "of them best from the smaller; else E + A/N^a + B/D^b over the checkpoints at the target's "
    "patch"
)


def predict(folder: Folder, targets: Sequence[str], out: Path | None = None) -> Path:
    """Freeze predictions of ``targets`` (MODEL or MODEL@STEPS) from a study's records; returns the
    file.

    ``out`` defaults to ``predictions-DATE.json`` in the study's folder. ValueError where a target
    is measured already, where the records carry no law, or where the file exists: a prediction is
    never written over.
    """
    (study,) = studies(folder)
    plan = study.plan()
    if not targets:
        raise ValueError(
            "name what to predict: --target MODEL or MODEL@STEPS, such as "
            f"{plan.trials[-1].model}@1000"
        )
    rows = fit_checkpoints(evaluations_frame(study))
    conditions = Conditions.of(plan, rows)
    wanted = [target_of(text, plan) for text in dict.fromkeys(targets)]
    for target in wanted:
        if earlier := measured(study, target, conditions):
            raise ValueError(
                f"{target} is measured already: FID {earlier[0].fid:g} of training "
                f"{earlier[0].train_id}, "
                f"{earlier[0].measured}; a prediction comes before its measurement"
            )
    used, predictions = set(), []
    for target in wanted:
        prediction, from_rows = _prediction(target, rows, conditions)
        predictions.append(prediction)
        used |= set(from_rows["eval_id"])
    records = records_of(study, rows.filter(pl.col("eval_id").is_in(sorted(used))))
    now = datetime.now(UTC)
    path = Path(out) if out else study.folder / f"predictions-{now:%Y%m%dT%H%M%SZ}.json"
    freeze(
        path,
        {
            "study": plan.name,
            "frozen": now.isoformat(timespec="seconds"),
            "code": code_version(),
            "rule": RULE,
            "metric": rows["label"][0],
            "conditions": conditions.as_json(),
            "predictions": predictions,
            "data": {"hash": identity(records), "records": records},
        },
    )
    return path


def told(path: Path) -> str:
    """The predictions of a frozen file in lines to read."""
    return "\n".join(
        f"{prediction['target']}: {number(prediction['fid'])} "
        f"[{number(prediction['low'])}, {number(prediction['high'])}], "
        f"{prediction['law']}" + "".join(f"; {caveat}" for caveat in prediction["caveats"])
        for prediction in thaw(path)["predictions"]
    )


def _prediction(
    target: Target, rows: pl.DataFrame, conditions: Conditions
) -> tuple[dict, pl.DataFrame]:
    """The frozen prediction of ``target`` and the rows it rests on."""
    images = target.steps * conditions.batch
    there = rows.filter(pl.col("step") == target.steps)
    law, used = (
        (_by_size, there)
        if there["rung"].n_unique() >= LEAST_SIZES
        else (_by_size_and_images, rows.filter(pl.col("series").eq_missing(target.model.series)))
    )
    try:
        fitted = law(target, used, images)
    except ValueError as reason:
        raise ValueError(f"{target} cannot be predicted from these records: {reason}") from None
    flops = train_flops(target.model, images)
    reach = flops / used["train_flops"].max()
    audit, caveats = (
        fitted["audit"],
        [caveat for caveat in [holdout.far(reach, "the training compute measured")] if caveat],
    )
    if audit["rms_log_error"] is None:
        caveats.append(f"not checked out of sample: {audit['why_not']}")
    elif audit["inside"] < audit["models"]:
        caveats.append(f"out of sample {audit['inside']} of {audit['models']} intervals held")
    earlier = rows.filter((pl.col("model") == target.model.name) & (pl.col("step") < target.steps))
    return {
        "target": str(target),
        "model": target.model.name,
        "steps": target.steps,
        "images": images,
        "params_m": target.params_m,
        "tokens": target.tokens,
        "forward_gmacs": target.forward_gmacs,
        "train_flops": flops,
        **fitted,
        "reach": reach,
        "caveats": caveats,
        "earlier_steps_measured": sorted(earlier["step"].unique().to_list()),
    }, used


def _by_size(target: Target, rows: pl.DataFrame, _: int) -> dict:
    models, noise = fid_laws.model_means(fit_points(rows.rename({"value": "fid"})))
    chosen = fid_laws.choose(models, noise=noise)
    law = fid_laws.fit_law(chosen.law, models, noise)
    largest = fid_laws.rungs(models)[-1]
    try:
        _, final = fid_laws.final_score(models, largest, noise=noise)
        audit = _audited(largest, final.rms, final.inside, len(final.models), final.why)
    except ValueError as reason:  # told in the file, in place of the audit
        audit = _audited(largest, why=str(reason))
    at = pl.DataFrame(
        {
            "params_m": [target.params_m],
            "tokens": [target.tokens],
            "forward_gmacs": [target.forward_gmacs],
        }
    )
    return {
        **_interval(law.predict(at)),
        "law": f"log FID = c + {law.name}",
        "coefficients": law.fit.coefficients.tolist(),
        "centre": law.centre.tolist(),
        "chosen": f"of {len(fid_laws.CANDIDATES)} declared forms the one that predicted "
        f"{chosen.decided_on} best from "
        f"the smaller sizes, at {target.steps:,} steps",
        "scores": fid_laws.scores_table(chosen.scores).to_dicts(),
        "audit": audit,
    }


def _by_size_and_images(target: Target, rows: pl.DataFrame, images: int) -> dict:
    if rows.is_empty():
        raise ValueError(
            f"no model of {target.curve} is measured, and fewer than {LEAST_SIZES} "
            "sizes at "
            f"{target.steps:,} steps"
        )
    table = rows.with_columns(
        macs=pl.col("forward_gmacs") * 1e9, name=pl.format("{} at {} steps", "trial_id", "step")
    )
    runs = Runs.of(table, "train_id", n="macs", d="images", loss="value", flops="train_flops")
    at = Runs(
        ("target",),
        {"n": np.array([target.forward_gmacs * 1e9]), "d": np.array([float(images)])},
        np.zeros(1),
    )
    predict = holdout.approach3()
    fitted = parametric.fit(runs)
    axis = "n" if at["n"][0] > runs["n"].max() else "d"
    try:
        held_out = holdout.audit(runs, predict, "approach 3", "loss", axis)
        m = len(held_out.measured)
        audit = _audited(
            f"{m} checkpoints of largest {axis.upper()}",
            held_out.rms,
            round(held_out.inside * m),
            m,
        )
    except ValueError as reason:  # told in the file, in place of the audit
        audit = _audited(f"largest {axis.upper()}", why=str(reason))
    return {
        **_interval(predict(runs, at)),
        "law": "FID = E + A/N^alpha + B/D^beta, N in MACs, D in images",
        "coefficients": fitted.parameters.tolist(),
        "centre": None,
        "chosen": f"fewer than {LEAST_SIZES} sizes were measured at {target.steps:,} steps: all "
        "checkpoints at "
        f"{target.curve}",
        "scores": [],
        "audit": audit,
    }


def _interval(predicted) -> dict:
    return {
        "fid": float(predicted.value[0]),
        "low": float(predicted.predicted_low[0]),
        "high": float(predicted.predicted_high[0]),
        "interval": "95 % prediction interval of one training",
    }


def _audited(
    held_out: str,
    rms: float | None = None,
    inside: int | None = None,
    models: int | None = None,
    why: str = "",
) -> dict:
    return {
        "held_out": held_out,
        "rms_log_error": rms,
        "inside": inside,
        "models": models,
        "why_not": why or None,
    }
