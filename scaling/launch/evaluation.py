"""How is a checkpoint measured? Its average loaded, held-out loss, samples, figures: a job of its own beside the training.

No Ray here; an evaluation is a plain function of (spec, step) and the checkpoint on disk, so that any process may do it.
"""

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import torch
from torch import nn

from scaling.data import load_data
from scaling.diffusion import build_process
from scaling.evaluation.generate import generate
from scaling.evaluation.metrics import measure, thumbnails
from scaling.evaluation.reconstruction import rfid
from scaling.models import build_model
from scaling.models.precision import matmul_precision
from scaling.records import Run
from scaling.records.heartbeat import Heartbeat
from scaling.records.provenance import provenance
from scaling.study.protocol import Ema
from scaling.study.spec import TrialSpec
from scaling.training import checkpoint, load_parameters
from scaling.training.heldout import heldout_loss

Report = Callable[[dict], None]


def evaluate(spec: TrialSpec, step: int, run: Run, report: Report, threads: int = 1) -> None:
    """Measure the checkpoint of ``step`` as ``spec`` asks and write it down, unless that was done.

    Meanwhile ``run.evaluating`` says so. A failure is recorded there with its traceback's last lines, and raised.
    """
    torch.set_num_threads(threads)
    eval_id = spec.eval_id(step)
    job = run.evaluating(eval_id)
    if run.evaluation(eval_id) is None:
        heartbeat = Heartbeat(job)
        heartbeat.tell(step=step)
        try:
            with heartbeat:
                measured = _measure(spec, step, run, threads)
        except Exception as error:
            job.write_state("failed", f"{type(error).__name__}: {error}", step=step,
                            traceback=traceback.format_exc().strip().splitlines()[-3:])
            raise
        run.write_evaluation(eval_id, measured)
        fid = next((row["value"] for row in measured["figures"] if row["metric"] == "fid"), None)
        report({"fid": fid, "heldout_loss": measured["heldout_loss"]})
    job.clear()


def _measure(spec: TrialSpec, step: int, run: Run, threads: int) -> dict:
    started = time.perf_counter()
    ema, protocol, eval_id = spec.evaluate.ema, spec.evaluate.protocol, spec.eval_id(step)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = averaged_model(spec, step, ema, run).to(device)
    with matmul_precision("fp32"):
        heldout = heldout_loss(model, build_process(spec.diffusion), load_data(spec.data).heldout, device)
    measured, nonfinite = {"figures": [], "memorisation": None}, 0
    if protocol.metrics:
        images, labels, nonfinite = generate(model, spec.model, spec.diffusion, protocol)
        measured = measure(images, spec.data, protocol)
        if nonfinite:
            missing = {"value": None, "std": None, "se": None, "why": f"{nonfinite} samples are not finite"}
            measured = {"figures": [row | missing for row in measured["figures"]], "memorisation": None}
        run.write_samples(eval_id, thumbnails(images, labels))
        measured["figures"] += rfid(spec.data, protocol)
    return {
        "eval_id": eval_id, "train_id": spec.train_id, "step": step, "images": step * spec.train.batch,
        "ema": ema.model_dump(mode="json"), "protocol": protocol.model_dump(mode="json"),
        **heldout, **measured, "nonfinite_samples": nonfinite,
        "wall_s": time.perf_counter() - started, "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenance": provenance(torch.cuda.get_device_name() if device == "cuda" else "cpu", threads)}


def averaged_model(spec: TrialSpec, step: int, ema: Ema, run: Run) -> nn.Module:
    """The network with the average ``ema`` after ``step`` steps, for evaluation. ValueError without a sound checkpoint."""
    saved = checkpoint.load(run.checkpoints, step)
    if saved is None or (ema.kind != "none" and ema.label not in saved.emas):
        raise ValueError(f"the checkpoint of step {step} in {run.checkpoints} is missing, damaged or without {ema.label}; "
                         "the same command trains it again")
    model = build_model(spec.model)
    load_parameters(model, saved.weights() if ema.kind == "none" else saved.ema(ema.label))
    return model.eval()
