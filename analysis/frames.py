"""What do the records say, as tables? One row per trial, per measured figure, or per logged step of the curve.

Polars inside; ``.to_pandas()`` at the edge, where seaborn wants it. Columns are explained in ``results/README.md``.
Every trial of the plan has its row, whatever its state: who fits decides by the columns, nobody is dropped here.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from scaling.records import StudyFolder, trial_rows
from scaling.study.base import identity
from scaling.study.cost import sampling_gmacs, train_flops
from scaling.study.plan import PlannedTrial
from scaling.study.spec import TrialSpec

Folder = StudyFolder | Path | str

_WHICH = {  # which trial a row belongs to; first in every frame
    "study": pl.String, "trial_id": pl.String, "train_id": pl.String, "cell": pl.String,
    "model": pl.String, "size": pl.String, "patch": pl.Int64, "tokens": pl.Int64, "conditioning": pl.String,
    "seed": pl.Int64, "lr": pl.Float64,
    "batch": pl.Int64, "state": pl.String, "params_m": pl.Float64, "forward_gmacs": pl.Float64,
}
_HOW = {  # how its figures were measured
    "ema": pl.String, "sampling": pl.String, "sampler": pl.String, "sampling_steps": pl.Int64, "guidance": pl.Float64,
    "sampling_gmacs": pl.Float64,
    "protocol": pl.String, "data": pl.String,
}
TRIALS = _WHICH | _HOW | {
    "why": pl.String, "steps": pl.Int64, "step": pl.Int64, "images": pl.Int64, "train_flops": pl.Float64,
    "loss": pl.Float64, "heldout_loss": pl.Float64, "heldout_mse": pl.Float64, "images_per_s": pl.Float64,
    "fid": pl.Float64, "kid": pl.Float64, "fid_vs_heldout": pl.Float64, "fid_features": pl.String,
    "fid_samples": pl.Int64, "fid_reference": pl.String, "fid_label": pl.String,
    "fid_label_over_steps": pl.String, "wall_s": pl.Float64,
}
EVALUATIONS = _WHICH | _HOW | {
    "eval_id": pl.String, "step": pl.Int64, "images": pl.Int64, "train_flops": pl.Float64,
    "metric": pl.String, "value": pl.Float64, "std": pl.Float64, "reference": pl.String, "headline": pl.Boolean,
    "features": pl.String, "samples": pl.Int64, "label": pl.String, "label_over_guidance": pl.String, "why": pl.String,
    "measured": pl.String,
    "wall_s": pl.Float64,
}
CURVES = _WHICH | {
    "step": pl.Int64, "images": pl.Int64, "train_flops": pl.Float64, "loss": pl.Float64, "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64, "heldout_ema": pl.String, "images_per_s": pl.Float64, "train_wall_s": pl.Float64,
}


def trials_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per trial of the studies in ``folders``, in plan order, columns TRIALS; unknown figures are null."""
    return _frame(TRIALS, _trial_rows, folders)


def evaluations_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per evaluation and figure, columns EVALUATIONS: FID and KID against each reference, held-out losses.

    ``train_flops`` and ``images`` are those spent up to the evaluated step.
    """
    return _frame(EVALUATIONS, _evaluation_rows, folders)


def curves_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per logged step of each trial, columns CURVES."""
    return _frame(CURVES, _curve_rows, folders)


def cell_id(spec: TrialSpec) -> str:
    """What trials share that differ in their seeds alone; they are repeats of one measurement."""
    return identity({
        "model": spec.model.identity_fields(), "data": spec.data.identity_fields(),
        "diffusion": spec.diffusion.identity_fields(), "steps": spec.train.steps,
        "train": spec.train.identity_fields(exclude=spec.train.NOT_IDENTITY | {"seed"}),
        "ema": spec.evaluate.ema.identity_fields(), "protocol": spec.evaluate.protocol.comparable})


def protocol_id(spec: TrialSpec) -> str:
    """What two figures must share to stand on one axis: the protocol without its seed, and the data."""
    return identity({"protocol": spec.evaluate.protocol.comparable, "data": spec.data.identity_fields()})[:8]


def studies(folders: Folder | Iterable[Folder]) -> list[StudyFolder]:
    """``folders``, one or several, as StudyFolders."""
    one = isinstance(folders, StudyFolder | Path | str)
    return [f if isinstance(f, StudyFolder) else StudyFolder(Path(f)) for f in ([folders] if one else folders)]


def default_study() -> StudyFolder:
    """The folder that DIT_SCALING_RESULTS names; else results/digits where it was run, else the committed reference."""
    named = os.environ.get("DIT_SCALING_RESULTS")
    results = Path(__file__).resolve().parents[1] / "results"
    own, reference = results / "digits", results / "reference" / "digits"
    return StudyFolder(Path(named) if named else own if (own / "study.json").is_file() else reference)


def _frame(schema: dict, rows_of, folders) -> pl.DataFrame:
    rows = [row for study in studies(folders) for row in rows_of(study)]
    return pl.from_dicts([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _trial_rows(study: StudyFolder) -> Iterable[dict]:
    plan = study.plan()
    for row, trial in zip(trial_rows(study), plan.trials, strict=True):
        protocol = trial.spec.evaluate.protocol
        yield row | _which(plan.name, trial) | {"fid_label": protocol.label(),
                                                "fid_label_over_steps": protocol.label(over="steps")}


def _evaluation_rows(study: StudyFolder) -> Iterable[dict]:
    plan = study.plan()
    for row, trial in zip(trial_rows(study), plan.trials, strict=True):
        run, protocol = study.run(trial.train_id), trial.spec.evaluate.protocol
        for step, eval_id in trial.eval_ids.items():
            found = run.evaluation(eval_id)
            if found is None:
                continue
            shared = row | _which(plan.name, trial) | {
                "eval_id": eval_id, "step": step, "images": found["images"],
                "train_flops": train_flops(trial.spec.model, found["images"]),
                "measured": found["measured"], "wall_s": found["wall_s"], "why": None}
            for metric, label in (("heldout_loss", "held-out loss"), ("heldout_mse", "held-out epsilon MSE")):
                yield shared | {"metric": metric, "value": found[metric], "reference": "heldout", "headline": True,
                                "label": label, "label_over_guidance": label}
            for figure in found["figures"]:
                metric, reference = figure["metric"], figure["reference"]
                yield shared | figure | {
                    "headline": reference == protocol.references[0], "label": protocol.label(metric, reference),
                    "label_over_guidance": protocol.label(metric, reference, over="guidance")}


def _curve_rows(study: StudyFolder) -> Iterable[dict]:
    plan = study.plan()
    for row, trial in zip(trial_rows(study), plan.trials, strict=True):
        shared = {name: row.get(name) for name in _WHICH} | _which(plan.name, trial)
        for line in study.run(trial.train_id).curve():
            if line["step"] <= trial.spec.train.steps:
                yield shared | line | {"lr": row["lr"], "train_flops": train_flops(trial.spec.model, line["images"])}


def _which(study: str, trial: PlannedTrial) -> dict:
    spec, protocol = trial.spec, trial.spec.evaluate.protocol
    return {"study": study, "cell": cell_id(spec), "conditioning": spec.model.conditioning, "batch": spec.train.batch,
            "ema": spec.evaluate.ema.label, "sampling": protocol.short, "sampler": protocol.sampler,
            "sampling_steps": protocol.sampling_steps, "guidance": protocol.guidance,
            "sampling_gmacs": sampling_gmacs(spec.model, spec.diffusion, protocol), "protocol": protocol_id(spec),
            "data": spec.data.source}
