"""How is a checkpoint measured? Its average is loaded, then come held-out loss, samples and values.

No Ray here; an evaluation is a plain function of (spec, step) and the checkpoint on disk, so that
any process may do it.
"""

import contextlib
import shutil
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import torch
from torch import Tensor, nn

from scaling.data import load_data, stream
from scaling.diffusion import build_process
from scaling.evaluation.images.thumbnails import thumbnails
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.reconstruction import rfid
from scaling.evaluation.sampling.generate import generate, labels_and_streams
from scaling.evaluation.sampling.load import digest
from scaling.evaluation.sampling.parts import Draw, Parts
from scaling.evaluation.tokenizer import tokenizer_of
from scaling.models import initialised
from scaling.models.precision import matmul_precision
from scaling.models.stored.state_dicts import check_finite
from scaling.records import Run
from scaling.records.provenance import provenance
from scaling.records.spending.account import spent_s
from scaling.records.state.heartbeat import Heartbeat
from scaling.records.storage.copies import refresh
from scaling.study.specs.ema import Ema
from scaling.study.specs.trial import TrialSpec
from scaling.training import checkpoint, load_parameters
from scaling.training.buffers import load_beside
from scaling.training.heldout import heldout_loss

PART = 1000  # samples; no more than that are drawn at once and kept in memory
SHOWN = 100  # samples kept for figures

Report = Callable[[dict], None]
Helped = Callable[[int], contextlib.AbstractContextManager]


def evaluate(
    spec: TrialSpec,
    step: int,
    run: Run,
    report: Report,
    threads: int = 1,
    helped: Helped | None = None,
    session: str | None = None,
    devices: float = 1.0,
) -> None:
    """Measure the checkpoint of ``step`` as ``spec`` asks and write it down, unless that was done.

    Meanwhile ``run.evaluating`` says that it runs. A failure is recorded there with the last lines
    of its traceback, and raised. ``helped`` is given the number of parts of samples to be drawn;
    while its context is entered, others may draw some by ``help_sampling``. ``session`` is told in
    the state, so that whoever began the evaluation knows it. ``devices`` are the GPUs, or workers
    on CPUs, that this process and each helper hold; what earlier attempts took is recorded, too.
    """
    torch.set_num_threads(threads)
    eval_id = spec.eval_id(step)
    job = run.evaluating(eval_id)
    refresh(run.folder / "evaluations" / f"{eval_id}.json")
    if not run.is_measured(eval_id):
        heartbeat, lost_s = Heartbeat(job), spent_s(job.state())
        heartbeat.tell(step=step, session=session, began=time.time(), lost_s=lost_s)
        try:
            with heartbeat:
                measured = _measure(spec, step, run, threads, helped or contextlib.nullcontext)
        except Exception as error:
            job.write_state(
                "failed",
                f"{type(error).__name__}: {error}",
                step=step,
                lost_s=spent_s(job.state()),
                traceback=traceback.format_exc().strip().splitlines()[-3:],
            )
            raise
        run.write_evaluation(eval_id, measured | {"lost_s": lost_s, "devices": devices})
        fid = next((row["value"] for row in measured["figures"] if row["metric"] == "fid"), None)
        report({"fid": fid, "heldout_loss": measured["heldout_loss"]})
    clear_parts(run)
    job.clear()


def _measure(spec: TrialSpec, step: int, run: Run, threads: int, helped: Helped) -> dict:
    started = time.perf_counter()
    ema, protocol, eval_id = spec.evaluate.ema, spec.evaluate.protocol, spec.eval_id(step)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = averaged_model(spec, step, ema, run).to(device)
    with matmul_precision("fp32"):
        heldout = heldout_loss(
            model, build_process(spec.diffusion), load_data(spec.data).heldout, device
        )
    measured: dict[str, Any] = {"figures": [], "memorisation": None}
    nonfinite, helped_s = 0, 0.0
    if protocol.metrics:
        images, nonfinite = _samples(spec, step, run, model, helped)
        helped_s = images.helped_s if isinstance(images, Parts) else 0.0
        measured = measure(images, spec.data, protocol)
        if nonfinite:
            missing = {
                "value": None,
                "std": None,
                "se": None,
                "why": f"{nonfinite} samples are not finite",
            }
            measured = {
                "figures": [row | missing for row in measured["figures"]],
                "memorisation": None,
            }
        labels, _ = labels_and_streams(
            protocol, spec.model.num_classes, range(min(SHOWN, protocol.samples))
        )
        run.write_samples(eval_id, thumbnails(images, labels, SHOWN))
        measured["figures"] += rfid(spec.data, protocol)
        if (tokenizer := tokenizer_of(spec.data, protocol)) is not None:
            measured["tokenizer"] = tokenizer
    return {
        "eval_id": eval_id,
        "train_id": spec.train_id,
        "step": step,
        "images": step * spec.train.batch,
        "ema": ema.model_dump(mode="json"),
        "protocol": protocol.model_dump(mode="json"),
        **heldout,
        **measured,
        "nonfinite_samples": nonfinite,
        "wall_s": time.perf_counter() - started,
        "helped_s": helped_s,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "provenance": provenance(
            torch.cuda.get_device_name() if device == "cuda" else "cpu", threads
        ),
    }


def _samples(
    spec: TrialSpec, step: int, run: Run, model: nn.Module, helped: Helped
) -> tuple[Tensor | Parts, int]:
    """The protocol's samples, and how many are not finite.

    Many samples are drawn in parts, so that a kill loses one part and others may help.
    """
    protocol = spec.evaluate.protocol
    if protocol.samples <= PART:
        images, _, nonfinite = generate(model, spec.model, spec.diffusion, protocol)
        return images, nonfinite
    parts = parts_of(spec, step, run)
    weights = {"weights": digest(model)}
    if parts.begin(weights):  # they were of other weights: the model was trained again since
        parts.clear()
        parts.begin(weights)
    with helped(len(parts.left())):
        parts.draw(_drawing(spec, model))
    return parts, parts.nonfinite


def parts_of(spec: TrialSpec, step: int, run: Run) -> Parts:
    return Parts(
        run.folder / "evaluating" / f"{spec.eval_id(step)}.parts",
        spec.evaluate.protocol.samples,
        PART,
    )


def help_sampling(spec: TrialSpec, step: int, run: Run, threads: int = 1) -> None:
    """Draw parts of an evaluation that another process makes, until every part is drawn or being
    drawn.
    """
    torch.set_num_threads(threads)
    model = averaged_model(spec, step, spec.evaluate.ema, run).to(
        "cuda" if torch.cuda.is_available() else "cpu"
    )
    parts_of(spec, step, run).draw(_drawing(spec, model), wait=False)


def clear_parts(run: Run) -> None:
    """Remove the samples of evaluations that are recorded."""
    for folder in (run.folder / "evaluating").glob("*.parts"):
        if run.is_measured(folder.stem):
            shutil.rmtree(folder, ignore_errors=True)  # another evaluation may be removing it too


def _drawing(spec: TrialSpec, model: nn.Module) -> Draw:
    def draw(rows: range) -> tuple[Tensor, int]:
        images, _, nonfinite = generate(
            model, spec.model, spec.diffusion, spec.evaluate.protocol, rows
        )
        return images, nonfinite

    return draw


def averaged_model(spec: TrialSpec, step: int, ema: Ema, run: Run) -> nn.Module:
    """The network with the average ``ema`` after ``step`` steps, for evaluation.

    ValueError where its checkpoint is missing or damaged.
    """
    saved = checkpoint.load(run.checkpoints, step)
    if saved is None or (ema.kind != "none" and ema.label not in saved.emas):
        raise ValueError(
            f"the checkpoint of step {step} in {run.checkpoints} is missing, damaged or without "
            f"{ema.label}; "
            "the same command trains it again"
        )
    # By its training's seed: what is drawn once and not trained is in no checkpoint of before.
    model = initialised(spec.model, stream("init", spec.train.seed_of("init")))
    weights = saved.weights() if ema.kind == "none" else saved.ema(ema.label)
    check_finite(weights, f"{saved.folder}, {ema.label}")
    load_parameters(model, weights)
    load_beside(model, saved.buffers())
    return model.eval()
