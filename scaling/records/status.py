"""How does each trial of a study stand? One row per trial, read from the records on disk."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from scaling.records.evaluation_shape import Evaluation
from scaling.records.ledger import Run, StudyFolder, raise_or_add
from scaling.records.noise import noise_warning
from scaling.records.parsed import Unreadable
from scaling.records.shapes import STATE, Line, State
from scaling.records.state.file import STALE_AFTER_S, UNREADABLE
from scaling.records.state.lease import waits
from scaling.records.storage.following import study_at
from scaling.study.network import Network
from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.specs.decoder import tokenizer

# What some families have and others lack, and its type: a column each, null where a family has no
# such field or means something else by it.
OPTIONAL_FIELDS = {"size": str, "patch": int, "tokens": int, "conditioning": str, "heads": int}

WAITING = ("pending", "preempted", "stopped")  # states in which a trial may wait for a place


def optional_fields(model: Network) -> dict:
    """The OPTIONAL_FIELDS of ``model``; None where its family has no such field."""
    values = {name: getattr(model, name, None) for name in OPTIONAL_FIELDS}
    return {
        name: value if isinstance(value, OPTIONAL_FIELDS[name]) else None
        for name, value in values.items()
    }


def measured(
    trial: PlannedTrial, run: Run, faults: list[Unreadable] | None = None
) -> dict[int, Evaluation]:
    """The evaluations of ``trial`` that are on disk, by step.

    One that cannot be read is added to ``faults``; without them it is raised.
    """
    evaluations = {}
    for step, eval_id in trial.eval_ids.items():
        try:
            if evaluation := run.evaluation(eval_id):
                evaluations[step] = evaluation
        except Unreadable as error:
            raise_or_add(error, faults)
    return evaluations


def trial_state(
    trial: PlannedTrial,
    run: Run,
    evaluations: dict[int, Evaluation] | None = None,
    faults: Sequence[Unreadable] = (),
) -> tuple[str, str | None]:
    """The state of ``trial`` and the reason for it. A trial is completed when every evaluation is
    on disk, and ``unreadable`` where a file that would tell its state is.

    ``evaluations`` and ``faults`` are those of ``measured``, where the caller has them already.
    """
    if evaluations is None:
        faults = []
        evaluations = measured(trial, run, faults)
    if len(evaluations) == len(trial.eval_ids):
        return "completed", None
    state = run.state()
    name, why = state["state"], state["why"]
    unreadable = "; ".join(error.short for error in faults) or None
    jobs = {
        step: run.evaluating(eval_id).state()
        for step, eval_id in trial.eval_ids.items()
        if step not in evaluations
    }
    failed = next(
        (
            f"evaluation at step {step} failed: {job['why']}"
            for step, job in jobs.items()
            if job["state"] == "failed"
        ),
        None,
    )
    if unreadable and not (name == "running" and _fresh(state)):
        return UNREADABLE, unreadable
    if name == "diverged":
        # A training that diverged later than this trial asks for can still be completed from its
        # checkpoints.
        late = state["step"] > trial.spec.train.steps
        return ("pending", None) if late else ("diverged", why)
    if name == "running":
        return (
            ("running", failed)
            if _fresh(state)
            else ("stopped", "its process went away; the same command continues it")
        )
    if name == "completed":  # trained, as far as this or another study asked
        if any(job["state"] == "running" and _fresh(job) for job in jobs.values()):
            return "evaluating", failed
        if failed:
            return "failed", failed
        if lost := [job["why"] for job in jobs.values() if job["state"] == UNREADABLE]:
            return UNREADABLE, lost[0]
        if gone := [job["why"] for job in jobs.values() if job["state"] == "preempted"]:
            return "preempted", f"an evaluation: {gone[0]}"
        if any(job["state"] in ("running", "stopped") for job in jobs.values()):
            return "stopped", "its evaluation was stopped; the same command makes it again"
        return "pending", None
    return name, why


def _fresh(state: State) -> bool:
    return time.time() - state["heartbeat"] <= STALE_AFTER_S


def trial_rows(study: StudyFolder | Path | str, plan: Plan | None = None) -> list[dict]:
    """One dict per trial, in plan order, with the keys of ``scaling status --json``, its GPU-hours
    apart; what is not known is None. ``study`` is its
    folder, or its URL; ``plan`` is the study's, where the caller has read it.
    """
    study = study if isinstance(study, StudyFolder) else study_at(study)
    rows, waiting = [], waits(study.folder)
    for trial in (plan or study.plan()).trials:
        run = study.run(trial.train_id)
        faults: list[Unreadable] = []
        logged = run.curve(faults)
        curve = [line for line in logged if line["step"] <= trial.spec.train.steps]
        last = curve[-1] if curve else None
        evaluations = measured(trial, run, faults)
        for read in (run.spec, partial(STATE.read, run.folder / "state.json")):
            try:
                read()
            except Unreadable as error:
                faults.append(error)
        row = trial_row(trial, run, evaluations, last, faults, len(logged))
        if row["state"] in WAITING and (why := waiting.get(trial.train_id)):
            row["why"] = "; ".join([*([row["why"]] if row["why"] else []), why])
        rows.append(row)
    return rows


def trial_row(
    trial: PlannedTrial,
    run: Run,
    evaluations: dict[int, Evaluation],
    line: Line | None,
    faults: Sequence[Unreadable] = (),
    logged: int | None = None,
) -> dict:
    """The row of one trial, from its ``evaluations`` by step and the last ``line`` of its curve
    within the steps it asks for.

    ``faults`` are the files that could not be read for it, and ``logged`` the number of different
    steps in its training's curve: what is amiss with a completed trial stands in ``why``, too.
    """
    state, why = trial_state(trial, run, evaluations, faults)
    faults, record = list(faults), None
    try:
        record = run.record()
    except Unreadable as error:
        faults.append(error)
    if why is None:
        amiss = [error.short for error in faults]
        asked = record.get("lines", 0) if record else 0
        if logged is not None and logged < asked:
            amiss.append(
                f"runs/{trial.train_id}/curve.jsonl lacks {asked - logged} of {asked} logged "
                "lines; the checkpoints and figures are whole"
            )
        why = "; ".join(amiss) or None
    spec = trial.spec
    final = evaluations.get(spec.train.steps)
    headline = spec.evaluate.protocol.references[0]
    # fvcore's; until the trial has run, the closed form's
    count = (record["count"] if record else None) or {}
    # of samples compared with training and held-out images
    memory = (final.get("memorisation") if final else None) or {}
    tokens: Any = (final.get("tokenizer") if final else None) or {}
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
        "tokenizer": tokenizer(spec.data),
        "tokenizer_factor": tokens.get("factor"),
        "tokenizer_channels": tokens.get("channels"),
        "decoder_gmacs": tokens.get("decoder_gmacs"),
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
