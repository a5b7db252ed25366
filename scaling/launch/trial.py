"""How does a spec become a record? Train to each evaluated step and checkpoint it; each checkpoint
is measured by a job.

What is on disk already is not done again: finished evaluations are kept, evaluated checkpoints are
measured without training, and training goes on from the newest valid checkpoint. No Ray here; a
training is a plain function.
"""

import time
import traceback
from datetime import UTC, datetime

import torch

from scaling.launch.evaluation import Report, evaluate
from scaling.launch.run_lock import Onlooker, hold
from scaling.models.count import count, trainable_params
from scaling.records import Run
from scaling.records.heartbeat import Heartbeat
from scaling.records.ledger import STALE_AFTER_S
from scaling.records.provenance import provenance
from scaling.study.execution import Execution
from scaling.study.protocol import Ema
from scaling.study.spec import TrialSpec
from scaling.training import Diverged, Trainer, checkpoint
from scaling.training.workers import OutOfMemory, Workers

KEEP_NEWEST = 2  # checkpoints, besides those of evaluated steps
TRUNK_POLL_S = 5.0  # between looks at a trunk that another process trains
LOCK_WAIT_S = 60.0  # for a killed predecessor's process to go away


def run_trials(
    specs: list[TrialSpec],
    run: Run,
    report: Report,
    threads: int = 1,
    execution: Execution | None = None,
    branches: list[TrialSpec] | None = None,
) -> str:
    """Train and measure what is missing of ``specs``, which share one training, in this process;
    returns the final state.

    ``report`` is given progress as dicts: step, loss, images_per_s, heldout_loss, fid. What fails
    is recorded as ``failed`` with its traceback's last lines, and the exception goes on to the
    caller.
    """
    ended = train(specs, run, report, threads, execution=execution, branches=branches)
    for step, spec in missing(specs, run):
        if step in run.state().get("ready", ()):
            evaluate(spec, step, run, report, threads)
    return ended


def missing(specs: list[TrialSpec], run: Run) -> list[tuple[int, TrialSpec]]:
    """The measurements still to be made, by step."""
    return sorted(
        {
            (step, spec)
            for spec in specs
            for step in spec.eval_steps
            if run.evaluation(spec.eval_id(step)) is None
        },
        key=lambda pair: pair[0],
    )


def train(
    specs: list[TrialSpec],
    run: Run,
    report: Report,
    threads: int = 1,
    session: str | None = None,
    execution: Execution | None = None,
    branches: list[TrialSpec] | None = None,
    workers: Workers | None = None,
) -> str:
    """Have a checkpoint at every step that ``specs`` still have to be measured at; returns the
    final state.

    The state tells ``ready``: the steps whose checkpoints are sound and stay as they are, to be
    measured by whoever will, and ``session``, whose word that is. ``branches`` are the cooldowns
    that share this training as their trunk, or the trunk of ``specs``: it keeps a checkpoint where
    each begins, so that none of its steps is trained twice. Each of several ``workers`` calls this;
    their lead reads the records, decides, and alone writes and reports.
    """
    torch.set_num_threads(threads)
    run.folder.mkdir(parents=True, exist_ok=True)
    workers = workers or Workers()
    if not workers.lead:
        run, report = Onlooker(run.folder), lambda progress: None
    held = hold(run, LOCK_WAIT_S, workers)
    while held is None:
        as_trunk = workers.agree(lambda: is_trained_as_trunk(run))
        held = hold(run, LOCK_WAIT_S, workers)  # whoever is not at it any more may be just leaving
        if held is None and not as_trunk:
            raise RuntimeError(
                f"{run.folder} is being worked on by another process; wait for it or stop it"
            )
    with held:
        if not workers.agree(lambda: missing(specs, run)):
            return "completed"
        branches = [spec for spec in {*specs, *(branches or [])} if spec.trunk]
        work = _Work(
            specs, run, report, threads, session, execution or Execution(), branches, workers
        )
        try:
            with work.heartbeat:
                work.do()
        except Diverged as event:
            work.write_diverged(event)
            return "diverged"
        except OutOfMemory:
            raise  # to begin again
        except Exception as error:
            last = traceback.format_exc().strip().splitlines()[-3:]
            run.write_state(
                "failed",
                f"{type(error).__name__}: {error}",
                traceback=last,
                **work.heartbeat.progress,
            )
            raise
        finally:
            work.end_session()
        run.write_state("completed", **work.heartbeat.progress)
        return "completed"


def is_trained_as_trunk(run: Run) -> bool:
    """Whether a cooldown trains ``run`` now: its trunk, which is in no session of its own."""
    state = run.state()
    return (
        state["state"] == "running"
        and state.get("session") is None
        and time.time() - state["heartbeat"] < STALE_AFTER_S
    )


class _Work:
    def __init__(
        self,
        specs: list[TrialSpec],
        run: Run,
        report: Report,
        threads: int,
        session: str | None,
        execution: Execution,
        branches: list[TrialSpec],
        workers: Workers,
    ):
        self.specs, self.run, self.report, self.execution, self.workers = (
            specs,
            run,
            report,
            execution,
            workers,
        )
        self.threads, self.branches = threads, branches
        self.spec = max(specs, key=lambda s: s.train.steps)
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.trainer: Trainer | None = None
        self.writer = checkpoint.Writer(run.checkpoints)
        self.heartbeat = Heartbeat(run)
        self.session = {
            "started": _now(),
            "ended": None,
            "from_step": None,
            "to_step": None,
            "execution": execution.model_dump(mode="json"),
            "out_of_memory": [],
            "diverged": None,
            "provenance": provenance(_device_name(self.device), threads),
        }
        before = run.record() or {"sessions": [], "count": None}
        self.sessions_before = before["sessions"]
        self.heartbeat.tell(step=before.get("step", 0), ready=[], session=session)
        self.count = before["count"] or {
            "params_m": trainable_params(self.spec.model) / 1e6,
            "forward_gmacs": count(self.spec.model).macs / 1e9,
        }
        run.write_spec(
            self.spec.train_id,
            self.spec.model_dump(mode="json", include={"model", "data", "diffusion", "train"}),
        )

    def do(self) -> None:
        wanted = self.workers.agree(lambda: missing(self.specs, self.run))
        self.write_record()  # so that a session that is killed is known too
        own = [] if self.spec.trunk else self.branches
        emas = _distinct([spec.evaluate.ema for spec in [*(spec for _, spec in wanted), *own]])
        # Checkpoints of every step ever evaluated stay, for metrics still to be asked for.
        keep = {step for spec in self.specs for step in spec.eval_steps}
        keep |= {spec.train.branch_step for spec in own}
        keep |= self._measured(self.run)
        for step in sorted({step for step, _ in wanted}):
            if self._sound(step, _labels([spec.evaluate.ema for at, spec in wanted if at == step])):
                self._ready(step)
        for step in sorted({step for step, _ in wanted} - set(self.heartbeat.progress["ready"])):
            self._bring_to(step, emas, keep)
            self.writer.join()
            self._ready(step)
        if self.workers.lead:
            checkpoint.prune(self.run.checkpoints, keep)

    def _measured(self, run: Run) -> set[int]:
        return self.workers.agree(lambda: {evaluation["step"] for evaluation in run.evaluations()})

    def _sound(self, step: int, labels: list[str]) -> bool:
        saved = self.workers.agree(lambda: checkpoint.load(self.run.checkpoints, step))
        return saved is not None and set(labels) <= set(saved.emas)

    def _ready(self, step: int) -> None:
        self._tell(ready=sorted({*self.heartbeat.progress["ready"], step}))
        self.heartbeat.beat()

    def _bring_to(self, step: int, emas: list[Ema], keep: set[int]) -> None:
        """Have a trainer whose weights are those after ``step`` steps: from its checkpoint, or by
        training.
        """
        labels = _labels(emas)
        if self.trainer is None or self.trainer.step > step:
            self.trainer = Trainer(self.spec, emas, self.device, self.execution, self.workers)
            self.session["out_of_memory"] = self.trainer.out_of_memory
        self.writer.join()
        saved = self.workers.agree(
            lambda: checkpoint.newest(
                self.run.checkpoints, labels, after=self.trainer.step, at_most=step
            )
        )
        if not saved and self.spec.trunk and self.trainer.step < self.spec.train.branch_step:
            saved = self._trunk(emas)
        if saved:
            self.trainer.restore(saved)
        if self.session["from_step"] is None:
            self.session["from_step"] = self.trainer.step
        every = self.spec.train.checkpoint_every
        while self.trainer.step < step:
            until = min(
                s
                for s in {step, (self.trainer.step // every + 1) * every, *keep}
                if s > self.trainer.step
            )
            self.trainer.train_to(until, self._log)
            if self.trainer.step not in self.heartbeat.progress["ready"]:  # which may be being read
                # of whole tensors, to which every worker gives its share
                snapshot = self.trainer.snapshot()
                if self.workers.lead:
                    self.writer.write(snapshot, keep, KEEP_NEWEST)
        self.session["to_step"] = self.trainer.step

    def _trunk(self, emas: list[Ema]) -> checkpoint.Checkpoint:
        """The trunk's checkpoint where this cooldown begins: there already, from whoever trains it
        now, or trained here.
        """
        trunk, labels = self.spec.trunk, _labels(emas)
        run = type(self.run)(self.run.folder.parent / trunk.train_id)
        keep = {spec.train.branch_step for spec in self.branches}
        run.folder.mkdir(parents=True, exist_ok=True)
        while True:
            saved = self.workers.agree(lambda: checkpoint.load(run.checkpoints, trunk.train.steps))
            if saved and set(labels) <= set(saved.emas):
                return saved
            held = hold(run, TRUNK_POLL_S, self.workers)
            if held is None:
                continue
            with held:
                work = _Work(
                    [trunk], run, self.report, self.threads, None, self.execution, [], self.workers
                )
                keep |= self._measured(run)
                try:
                    with work.heartbeat:
                        work._bring_to(trunk.train.steps, emas, keep)
                        work.writer.join()
                except Diverged as event:
                    work.write_diverged(event)
                    raise
                finally:
                    work.end_session()
                run.write_state("completed", **work.heartbeat.progress)

    def _log(self, line: dict) -> None:
        self.run.log(line)
        shown = {k: line[k] for k in ("step", "loss", "images_per_s")}
        if line["heldout_loss"] is not None:
            shown["heldout_loss"] = line["heldout_loss"]
        self._tell(**shown)

    def _tell(self, **progress) -> None:
        self.report(self.heartbeat.tell(**progress))

    def write_diverged(self, event: Diverged) -> None:
        self.writer.join()  # of what may be the last good checkpoint
        self.session["diverged"] = {
            "step": event.step,
            "grad_norm": event.grad_norm,
            "last_good_checkpoint": checkpoint.newest_step(self.run.checkpoints),
        }
        self.run.write_state(
            "diverged", str(event), **self.heartbeat.tell(**self.session["diverged"])
        )

    def end_session(self) -> None:
        self.session["ended"] = _now()
        self.write_record()

    def write_record(self) -> None:
        """The run's measurements so far and the provenance of every session that worked on it, this
        one last.
        """
        curve = self.run.curve()
        self.run.write_record(
            {
                "train_id": self.spec.train_id,
                "model": self.spec.model.name,
                "seed": self.spec.train.seed,
                "count": self.count,
                "step": curve[-1]["step"] if curve else 0,
                "train_wall_s": curve[-1]["train_wall_s"] if curve else None,
                "sessions": [*self.sessions_before, self.session],
            }
        )


def _distinct(emas: list[Ema]) -> list[Ema]:
    return list(dict.fromkeys(emas))


def _labels(emas: list[Ema]) -> list[str]:
    """Of those that a checkpoint holds beside the weights."""
    return [ema.label for ema in emas if ema.kind != "none"]


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
