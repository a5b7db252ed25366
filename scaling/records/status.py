"""How does each trial of a study stand? One row per trial, read from the records on disk."""

import time
from pathlib import Path

from scaling.records.ledger import STALE_AFTER_S, Run, StudyFolder
from scaling.records.noise import noise_warning
from scaling.study.network import Network
from scaling.study.plan import PlannedTrial

# What some families have and others lack, and its type: a column each, null where a family has no
# such field or means something else by it.
OPTIONAL_FIELDS = {"size": str, "patch": int, "tokens": int, "conditioning": str, "heads": int}


def optional_fields(model: Network) -> dict:
    """The OPTIONAL_FIELDS of ``model``; None where its family has no such field."""
    values = {name: getattr(model, name, None) for name in OPTIONAL_FIELDS}
    return {
        name: value if isinstance(value, OPTIONAL_FIELDS[name]) else None
        for name, value in values.items()
    }


def measured(trial: PlannedTrial, run: Run) -> dict[int, dict]:
    """The evaluations of ``trial`` that are on disk, by step."""
    return {
        step: evaluation
        for step, eval_id in trial.eval_ids.items()
        if (evaluation := run.evaluation(eval_id))
    }


def trial_state(
    trial: PlannedTrial, run: Run, evaluations: dict[int, dict] | None = None
) -> tuple[str, str | None]:
    """The state of ``trial`` and the reason for it. A trial is completed when every evaluation is
    on disk.

    ``evaluations`` is the result of ``measured``, where the caller has it already.
    """
    if len(measured(trial, run) if evaluations is None else evaluations) == len(trial.eval_ids):
        return "completed", None
    state = run.state()
    name, why = state["state"], state["why"]
    jobs = [
        run.evaluating(eval_id).state()
        for eval_id in trial.eval_ids.values()
        if run.evaluation(eval_id) is None
    ]
    failures = [job for job in jobs if job["state"] == "failed"]
    failed = (
        f"evaluation at step {failures[0]['step']} failed: {failures[0]['why']}"
        if failures
        else None
    )
    if name == "diverged":
        # A training that diverged later than this trial asks for can still be completed from its
        # checkpoints.
        return ("diverged", why) if state["step"] <= trial.spec.train.steps else ("pending", None)
    if name == "running":
        return (
            ("running", failed)
            if _fresh(state)
            else ("stopped", "its process went away; the same command continues it")
        )
    if name == "completed":  # trained, as far as this or another study asked
        if any(job["state"] == "running" and _fresh(job) for job in jobs):
            return "evaluating", failed
        if failed:
            return "failed", failed
        if any(job["state"] in ("running", "stopped") for job in jobs):
            return "stopped", "its evaluation was stopped; the same command makes it again"
        return "pending", None
    return name, why


def _fresh(state: dict) -> bool:
    return time.time() - state["heartbeat"] <= STALE_AFTER_S


def trial_rows(study: StudyFolder | Path | str) -> list[dict]:
    """One dict per trial, in plan order, with the keys of ``scaling status --json``; what is not
    known is None.
    """
    study = study if isinstance(study, StudyFolder) else StudyFolder(Path(study))
    rows = []
    for trial in study.plan().trials:
        run = study.run(trial.train_id)
        curve = [line for line in run.curve() if line["step"] <= trial.spec.train.steps]
        rows.append(trial_row(trial, run, measured(trial, run), curve[-1] if curve else None))
    return rows


def trial_row(
    trial: PlannedTrial, run: Run, evaluations: dict[int, dict], line: dict | None
) -> dict:
    """The row of one trial, from its ``evaluations`` by step and the last ``line`` of its curve
    within the steps it asks for.
    """
    state, why = trial_state(trial, run, evaluations)
    spec = trial.spec
    final = evaluations.get(spec.train.steps)
    headline = spec.evaluate.protocol.references[0]
    # fvcore's; until the trial has run, the closed form's
    count = (run.record() or {}).get("count") or {}
    # of samples compared with training and held-out images
    memory = (final or {}).get("memorisation") or {}
    optional = optional_fields(spec.model)
    row = {
        "trial_id": trial.trial_id,
        "train_id": trial.train_id,
        "model": trial.model,
        "family": spec.model.family,
        "rung": spec.model.rung,
        "series": spec.model.series,
        "size": optional["size"],
        "patch": optional["patch"],
        "tokens": optional["tokens"],
        "seed": spec.train.seed,
        "lr": spec.train.lr,
        "state": state,
        "why": why,
        "params_m": count.get("params_m", trial.params_m),
        "forward_gmacs": count.get("forward_gmacs", trial.forward_gmacs),
        "steps": spec.train.steps,
        "step": line["step"] if line else 0,
        "images": trial.images,
        "train_flops": trial.train_flops,
        "loss": line["loss"] if line else None,
        "heldout_loss": final["heldout_loss"] if final else None,
        "heldout_mse": final["heldout_mse"] if final else None,
        "images_per_s": line["images_per_s"] if line else None,
        "fid": None,
        "fid_se": None,
        "fid_noise": None,
        "warning": None,
        "kid": None,
        "fid_vs_heldout": None,
        "rfid": None,
        "nearer_to_train": memory.get("nearer_to_train"),
        "copies": memory.get("copies"),
        "fid_features": spec.evaluate.protocol.features,
        "fid_samples": spec.evaluate.protocol.samples,
        "fid_reference": headline,
        "wall_s": None,
    }
    for metric in final["figures"] if final else ():
        if metric["reference"] == headline:
            row[metric["metric"]] = metric["value"]
            if metric["metric"] == "fid":
                # older records hold neither
                row["fid_se"], row["fid_noise"] = metric.get("se"), metric.get("noise")
                row["warning"] = noise_warning(metric["value"], row["fid_noise"])
        if metric["reference"] == "heldout" and metric["metric"] == "fid":
            row["fid_vs_heldout"] = metric["value"]
    if line:
        row["wall_s"] = line["train_wall_s"] + sum(
            evaluation["wall_s"] for evaluation in evaluations.values()
        )
    return row
