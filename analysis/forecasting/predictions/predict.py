"""Predicts what a model will measure before it runs, and freezes the prediction in a file that
later records are scored against.

The forecast is that of ``scaling suggest``: an ensemble of declared laws in N, T and D over all
checkpoints of the recipe, its interval widened by what the same forecast missed on the rungs of the
records, or on the largest alone where that is more (``backtested``). The file keeps how it did on
each, beside the simplest guesses.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from analysis.fits.holdout import far
from analysis.forecasting.backtested import BackTested, back_tested, weights_of
from analysis.forecasting.predictions.frozen import freeze, records_of, thaw
from analysis.forecasting.targets import Conditions, Target, measured, target_of
from analysis.frames import Folder, evaluations_frame, studies
from analysis.select.checkpoints import fit_checkpoints
from analysis.text import number
from scaling.records.provenance import code_version
from scaling.study.costs.cost import train_flops
from scaling.study.specs.identity import identity

RULE = (
    "an ensemble of declared laws in parameters, tokens and images, weighed by their evidence, "
    "over all checkpoints of the recipe; its interval Student's, as many times wider as the same "
    "forecast of each rung from the smaller ones, or of the largest alone, erred beyond its own"
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
    wanted = [target_of(text, plan) for text in dict.fromkeys(targets)]
    rows = fit_checkpoints(evaluations_frame(study))
    conditions = Conditions.of(plan, rows)
    for target in wanted:
        if earlier := measured(study, target, conditions):
            raise ValueError(
                f"{target} is measured already: FID {earlier[0].fid:g} of training "
                f"{earlier[0].train_id}, "
                f"{earlier[0].measured}; a prediction comes before its measurement"
            )
    try:
        tested = back_tested(rows)
    except ValueError as reason:
        raise ValueError(f"{wanted[0]} cannot be predicted from these records: {reason}") from None
    predictions = [_prediction(target, tested, conditions) for target in wanted]
    records = records_of(study, rows)
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


def prediction_text(path: Path) -> str:
    """The predictions of a frozen file in lines to read."""
    return "\n".join(
        f"{prediction['target']}: {number(prediction['fid'])} "
        f"[{number(prediction['low'])}, {number(prediction['high'])}], "
        f"{prediction['law']}" + "".join(f"; {caveat}" for caveat in prediction["caveats"])
        for prediction in thaw(path)["predictions"]
    )


def _prediction(target: Target, tested: BackTested, conditions: Conditions) -> dict:
    """The frozen prediction of ``target``."""
    rows, images = tested.rows, target.steps * conditions.batch
    if rows["rung"].n_unique() == 1 and target.model.name not in rows["model"]:
        raise ValueError(
            f"{target} cannot be predicted from these records: {rows['model'][0]} is of their one "
            "size, which does not tell what another gains; train a second size"
        )
    fid, low, high, forecasted = tested.interval(target.model, images)
    flops = train_flops(target.model, images)
    reach = flops / rows["train_flops"].max()
    caveats = [far(reach, "the training compute measured")]
    audit: dict = dict.fromkeys(("held_out", "law", "rms_log_error", "inside", "models", "why_not"))
    if tested.held_out:
        last = tested.held_out[-1]
        audit |= {
            "held_out": last.rung,
            "law": last.law,
            "rms_log_error": last.rms,
            "inside": last.inside,
            "models": len(last.models),
        }
        if last.inside < len(last.models):
            caveats.append(
                f"out of sample, {last.rung} from the smaller sizes by mostly {last.law}, "
                f"{last.inside} of {len(last.models)} intervals held before they were widened"
            )
    else:
        audit["why_not"] = "the smallest size alone is measured"
        caveats.append(f"not checked out of sample: {audit['why_not']}")
    earlier = rows.filter((pl.col("model") == target.model.name) & (pl.col("step") < target.steps))
    weights = weights_of(forecasted)
    return {
        "target": str(target),
        "model": target.model.name,
        "steps": target.steps,
        "images": images,
        "params_m": target.params_m,
        "tokens": target.tokens,
        "forward_gmacs": target.forward_gmacs,
        "train_flops": flops,
        "fid": fid,
        "low": low,
        "high": high,
        "interval": "95 % prediction interval of one training",
        "law": "ensemble, mostly " + max(weights, key=lambda law: weights[law]),
        "weights": weights,
        "widening": tested.widening,
        "back_tests": [
            {
                "rung": rung.rung,
                "models": list(rung.models),
                "log_errors": rung.log_errors.tolist(),
                "expected": rung.deviations.tolist(),
                "law": rung.law,
            }
            for rung in tested.held_out
        ],
        "audit": audit,
        "reach": reach,
        "caveats": [caveat for caveat in caveats if caveat],
        "earlier_steps_measured": sorted(earlier["step"].unique().to_list()),
    }
