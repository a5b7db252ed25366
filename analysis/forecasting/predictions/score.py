"""Scores frozen predictions: the error of each target in log FID, whether its interval held, and
whether it was measured after the freeze.
"""

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from analysis.forecasting.predictions.calibration import calibration, calibration_text
from analysis.forecasting.predictions.frozen import frozen_in, records_of, thaw
from analysis.forecasting.predictions.naive import NAIVE
from analysis.forecasting.targets import Conditions, Measured, Target, measured, target_of
from analysis.frames import Folder, evaluations_frame, studies, trials_frame
from analysis.select.checkpoints import headline
from analysis.text import count, fixed, number
from scaling.study.planning.plan import Plan


def score(path: Path, folder: Folder) -> dict:
    """The predictions in ``path`` against the records of a study and of those beside it.

    ``targets``: per target the prediction, ``measured`` (geometric mean over trainings),
    ``log_error`` (log predicted minus log measured), ``inside`` (the mean in the 95 % prediction
    interval), ``trainings`` (each with its own ``inside`` and ``before_freeze``), ``diverged``
    (trials of the study); null where not measured yet. ``data``: whether the records it rested on
    are as they were.
    """
    frozen = thaw(path)
    (study,) = studies(folder)
    plan, when = study.plan(), datetime.fromisoformat(frozen["frozen"])
    conditions = Conditions.from_json(frozen["conditions"])
    targets, trials = [], trials_frame(study)
    for prediction in frozen["predictions"]:
        wanted = target_of(prediction["target"], plan)
        measurements = _of_one_rate(prediction["target"], measured(study, wanted, conditions), plan)
        diverged = trials.filter(
            (pl.col("model") == wanted.model.name)
            & (pl.col("steps") == wanted.steps)
            & (pl.col("state") == "diverged")
        )
        fid = (
            math.exp(float(np.mean(np.log([m.fid for m in measurements]))))
            if measurements
            else None
        )
        targets.append(
            {
                "target": prediction["target"],
                "law": prediction["law"],
                "predicted": prediction["fid"],
                "low": prediction["low"],
                "high": prediction["high"],
                "measured": fid,
                "log_error": fid and math.log(prediction["fid"] / fid),
                "naive": _naive(frozen["data"]["records"], wanted, fid),
                "diverged": diverged["trial_id"].to_list(),
                "inside": None if fid is None else prediction["low"] <= fid <= prediction["high"],
                "trainings": [
                    {
                        "train_id": m.train_id,
                        "seed": m.seed,
                        "lr": m.lr,
                        "fid": m.fid,
                        "inside": prediction["low"] <= m.fid <= prediction["high"],
                        "measured": m.measured.isoformat(),
                        "before_freeze": m.measured <= when,
                    }
                    for m in measurements
                ],
            }
        )
    errors = [t["log_error"] for t in targets if t["log_error"] is not None]
    return {
        "file": str(path),
        "study": frozen["study"],
        "frozen": frozen["frozen"],
        "code": frozen["code"],
        "metric": frozen["metric"],
        "targets": targets,
        "rms_log_error": math.sqrt(float(np.mean(np.square(errors)))) if errors else None,
        "data": _data_since(study, frozen["data"]["records"]),
    }


def sound(scored: dict) -> bool:
    """Every target is measured, none before the freeze, and the data is as it was."""
    return scored["data"]["same"] and all(
        t["trainings"] and not any(training["before_freeze"] for training in t["trainings"])
        for t in scored["targets"]
    )


def score_text(scored: dict) -> str:
    """The score in lines to read."""
    lines = [
        f"{scored['study']}: frozen {scored['frozen']} by {scored['code']}; {scored['metric']}"
    ]
    for t in scored["targets"]:
        forecast = (
            f"{t['target']}: predicted {number(t['predicted'])} [{number(t['low'])}, "
            f"{number(t['high'])}]"
        )
        if t["measured"] is None:
            lines.append(
                f"{forecast}; "
                + (
                    f"diverged: {', '.join(t['diverged'])}"
                    if t["diverged"]
                    else "not measured yet under the frozen protocol"
                )
            )
            continue
        several = len(t["trainings"]) > 1
        inside = (
            f"{sum(training['inside'] for training in t['trainings'])} of "
            f"{len(t['trainings'])} trainings "
            "inside the interval"
            if several
            else "inside the interval"
            if t["inside"]
            else "outside the interval"
        )
        lines.append(
            f"{forecast}; measured {number(t['measured'])}"
            + (f" (mean of {count(len(t['trainings']), 'training')})" if several else "")
            + f": log error {fixed(t['log_error'], 3)}, {inside}"
        )
        guesses = [
            f"{name} {number(guess['fid'])}, log error {fixed(guess['log_error'], 3)}"
            for name, guess in t["naive"].items()
        ]
        lines += [f"  naive: {'; '.join(guesses)}"] if guesses else []
        lines += [
            f"  training {training['train_id']} was measured before the freeze "
            f"({training['measured']}): not a prediction of it"
            for training in t["trainings"]
            if training["before_freeze"]
        ]
    if scored["rms_log_error"] is not None:
        lines.append(f"rms log error {number(scored['rms_log_error'])}")
    data = scored["data"]
    lines.append(
        f"data: the {data['records']} records it rests on are as they were"
        if data["same"]
        else f"data: of {data['records']} records it rests on {_named('changed', data['changed'])}"
        f"{' and ' if data['changed'] and data['gone'] else ''}{_named('gone', data['gone'])}"
    )
    return "\n".join(lines)


def _naive(records: Sequence[Any], target: Target, fid: float | None) -> dict:
    """Per guess its FID and log error; of a file that keeps no values none."""
    if not records or "value" not in records[0]:
        return {}
    rows = pl.DataFrame(records, infer_schema_length=None)
    guesses = {name: guess(rows, target) for name, guess in NAIVE.items()}
    return {
        name: {"fid": guess, "log_error": fid and math.log(guess / fid)}
        for name, guess in guesses.items()
        if guess is not None
    }


def run(path: Path, folder: Folder, as_json: bool) -> tuple[str, bool]:
    """What ``scaling score`` prints, and whether nothing in it needs a reader's doubt. ``path`` is
    a frozen file, or a folder of them.
    """
    if path.is_dir():
        scores = [score(file, folder) for file in frozen_in(path)]
        whole = calibration(scores)
        text = "\n\n".join([*map(score_text, scores), calibration_text(whole)])
        if as_json:
            text = json.dumps({"files": scores, "calibration": whole}, indent=1)
        return text, all(map(sound, scores))
    scored = score(path, folder)
    return json.dumps(scored, indent=1) if as_json else score_text(scored), sound(scored)


def _of_one_rate(target: str, measurements: list[Measured], plan: Plan) -> list[Measured]:
    """Where runs beside the study tried other learning rates: those of its plan."""
    planned = {trial.train_id for trial in plan.trials}
    if len({m.lr for m in measurements}) > 1:
        measurements = [m for m in measurements if m.train_id in planned] or measurements
    if len(rates := sorted({m.lr for m in measurements})) > 1:
        raise ValueError(
            f"{target} was measured at learning rates {', '.join(f'{rate:g}' for rate in rates)}, "
            "whose mean is "
            "no prediction's truth; score against a study that plans one"
        )
    return measurements


def _data_since(study, records: list[dict]) -> dict:
    rows = headline(evaluations_frame(study)).filter(
        pl.col("eval_id").is_in([r["eval_id"] for r in records])
    )
    now = {
        r["eval_id"]: r
        for r in records_of(study, rows.unique("eval_id", keep="first", maintain_order=True))
    }
    gone = [_called(r) for r in records if r["eval_id"] not in now]
    what = ("sha256", "value", "images", "params_m", "forward_gmacs", "tokens")
    changed = [
        _called(r)
        for r in records
        if r["eval_id"] in now and any(r[name] != now[r["eval_id"]][name] for name in what)
    ]
    return {
        "same": not gone and not changed,
        "records": len(records),
        "changed": changed,
        "gone": gone,
    }


def _called(record: dict) -> str:
    return f"{record['trial_id']} at {record['step']:,} steps"


def _named(how: str, names: list[str]) -> str:
    return (
        f"{len(names)} {how} ({', '.join(names[:4])}{' …' if len(names) > 4 else ''})"
        if names
        else ""
    )
