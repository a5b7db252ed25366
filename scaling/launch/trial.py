"""How does a spec become a record? Train to each evaluated step, checkpoint, sample, measure, write: then the next.

What is on disk already is not done again: finished evaluations are kept, evaluated checkpoints are measured without
training, and training goes on from the newest valid checkpoint. No Ray here; a trial is a plain function.
"""

import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import torch
from filelock import FileLock, Timeout

from scaling.evaluation.generate import generate
from scaling.evaluation.metrics import figures, thumbnails
from scaling.models.count import count, trainable_params
from scaling.records import Run
from scaling.records.heartbeat import Heartbeat
from scaling.records.provenance import provenance
from scaling.study.execution import Execution
from scaling.study.protocol import Ema
from scaling.study.spec import TrialSpec
from scaling.training import AveragedWeights, Diverged, Trainer, checkpoint

KEEP_NEWEST = 2      # checkpoints, besides those of evaluated steps
LOCK_WAIT_S = 60.0   # for a killed predecessor's process to go away

Report = Callable[[dict], None]


def run_trials(specs: list[TrialSpec], run: Run, report: Report, threads: int = 1,
               execution: Execution | None = None) -> str:
    """Do what is missing of ``specs``, which share one training, in ``run``; returns the final state.

    ``report`` is given progress as dicts: step, loss, images_per_s, heldout_loss, fid. A trial that fails is recorded
    as ``failed`` with its traceback's last lines, and the exception goes on to the caller.
    """
    torch.set_num_threads(threads)
    run.folder.mkdir(parents=True, exist_ok=True)
    try:
        held = FileLock(run.lock).acquire(timeout=LOCK_WAIT_S)  # the kernel releases it however the process ends
    except Timeout:
        raise RuntimeError(f"{run.folder} is being worked on by another process; wait for it or stop it") from None
    with held:
        work = _Work(specs, run, report, threads, execution or Execution())
        if not work.left():
            return "completed"
        try:
            with work.heartbeat:
                work.do()
        except Diverged as event:
            work.session["diverged"] = {"step": event.step, "grad_norm": event.grad_norm,
                                        "last_good_checkpoint": checkpoint.newest_step(run.checkpoints)}
            run.write_state("diverged", str(event), **work.heartbeat.tell(**work.session["diverged"]))
            return "diverged"
        except Exception as error:
            last = traceback.format_exc().strip().splitlines()[-3:]
            run.write_state("failed", f"{type(error).__name__}: {error}", traceback=last, **work.heartbeat.progress)
            raise
        finally:
            work.end_session()
        run.write_state("completed", **work.heartbeat.progress)
        return "completed"


class _Work:
    def __init__(self, specs: list[TrialSpec], run: Run, report: Report, threads: int, execution: Execution):
        self.specs, self.run, self.report, self.execution = specs, run, report, execution
        self.spec = max(specs, key=lambda s: s.train.steps)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.trainer: Trainer | None = None
        self.writer = checkpoint.Writer(run.checkpoints)
        self.heartbeat = Heartbeat(run)
        self.heartbeat.tell(step=0)
        self.session = {"started": _now(), "ended": None, "from_step": None, "to_step": None,
                        "execution": execution.model_dump(mode="json"), "out_of_memory": [], "diverged": None,
                        "provenance": provenance(_device_name(self.device), threads)}
        before = run.record() or {"sessions": [], "count": None}
        self.sessions_before = before["sessions"]
        self.count = before["count"] or {"params_m": trainable_params(self.spec.model) / 1e6,
                                         "forward_gmacs": count(self.spec.model).macs / 1e9}
        run.write_spec(self.spec.train_id, self.spec.model_dump(mode="json", include={
            "model", "data", "diffusion", "train"}))

    def left(self) -> list[tuple[int, TrialSpec]]:
        """The measurements still to be made, by step."""
        return sorted({(step, spec) for spec in self.specs for step in spec.eval_steps
                       if self.run.evaluation(spec.eval_id(step)) is None}, key=lambda pair: pair[0])

    def do(self) -> None:
        wanted = self.left()
        self.write_record()  # so that a session that is killed is known too
        emas = _distinct([spec.evaluate.ema for _, spec in wanted])
        # Checkpoints of every step ever evaluated stay, for metrics still to be asked for.
        keep = {step for spec in self.specs for step in spec.eval_steps}
        keep |= {evaluation["step"] for evaluation in self.run.evaluations()}
        for step, spec in wanted:
            self._bring_to(step, emas, keep)
            self._evaluate(step, spec)
        self.writer.join()
        checkpoint.prune(self.run.checkpoints, keep)

    def _bring_to(self, step: int, emas: list[Ema], keep: set[int]) -> None:
        """Have a trainer whose weights are those after ``step`` steps: from its checkpoint, or by training."""
        labels = [ema.label for ema in emas if ema.kind != "none"]
        if self.trainer is None or self.trainer.step > step:
            self.trainer = Trainer(self.spec, emas, self.device, self.execution)
            self.session["out_of_memory"] = self.trainer.out_of_memory
        self.writer.join()
        saved = checkpoint.newest(self.run.checkpoints, labels, after=self.trainer.step, at_most=step)
        if saved:
            self.trainer.restore(saved)
        if self.session["from_step"] is None:
            self.session["from_step"] = self.trainer.step
        every = self.spec.train.checkpoint_every
        while self.trainer.step < step:
            until = min(step, (self.trainer.step // every + 1) * every)
            self.trainer.train_to(until, self._log)
            self.writer.write(self.trainer.snapshot(), keep, KEEP_NEWEST)
        self.session["to_step"] = self.trainer.step

    def _log(self, line: dict) -> None:
        self.run.log(line)
        shown = {k: line[k] for k in ("step", "loss", "images_per_s")}
        if line["heldout_loss"] is not None:
            shown["heldout_loss"] = line["heldout_loss"]
        self._tell(**shown)

    def _evaluate(self, step: int, spec: TrialSpec) -> None:
        self._tell(evaluating=step)
        started = time.perf_counter()
        ema, protocol, eval_id = spec.evaluate.ema, spec.evaluate.protocol, spec.eval_id(step)
        heldout = self.trainer.heldout(ema)
        rows, nonfinite = [], 0
        if protocol.metrics:
            with AveragedWeights(self.trainer, ema):
                self.trainer.model.eval()
                images, labels, nonfinite = generate(self.trainer.model, spec.model, spec.diffusion, protocol)
                self.trainer.model.train()
            rows = figures(images, spec.data, protocol)
            if nonfinite:
                rows = [row | {"value": None, "std": None, "why": f"{nonfinite} samples are not finite"} for row in rows]
            self.run.write_samples(eval_id, thumbnails(images, labels))
        self.writer.join()  # what was measured can be measured again otherwise
        self.run.write_evaluation(eval_id, {
            "eval_id": eval_id, "train_id": spec.train_id, "step": step, "images": step * spec.train.batch,
            "ema": ema.model_dump(mode="json"), "protocol": protocol.model_dump(mode="json"),
            **heldout, "figures": rows,
            "nonfinite_samples": nonfinite, "wall_s": time.perf_counter() - started, "measured": _now(),
            "provenance": self.session["provenance"]})
        fid = next((row["value"] for row in rows if row["metric"] == "fid"), None)
        self._tell(evaluating=None, fid=fid, heldout_loss=heldout["heldout_loss"])

    def _tell(self, **progress) -> None:
        self.report(self.heartbeat.tell(**progress))

    def end_session(self) -> None:
        self.session["ended"] = _now()
        self.write_record()

    def write_record(self) -> None:
        """The run's measurements so far and the provenance of every session that worked on it, this one last."""
        curve = self.run.curve()
        self.run.write_record({
            "train_id": self.spec.train_id, "model": self.spec.model.name, "seed": self.spec.train.seed,
            "count": self.count,
            "step": curve[-1]["step"] if curve else 0,
            "train_wall_s": curve[-1]["train_wall_s"] if curve else None,
            "evaluated_steps": sorted({evaluation["step"] for evaluation in self.run.evaluations()}),
            "sessions": [*self.sessions_before, self.session]})


def _distinct(emas: list[Ema]) -> list[Ema]:
    return list(dict.fromkeys(emas))


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
