"""What does one session of work on a training write down? Its state, its curve and its record."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import torch

from scaling.models.counting.count import checked_count, trainable_params
from scaling.records import Run
from scaling.records.damage import keep_curve, whole_lines, write_spec
from scaling.records.provenance import provenance
from scaling.records.shapes import Line, SessionEntry, State
from scaling.records.state.heartbeat import Heartbeat
from scaling.study.execution import Execution
from scaling.study.specs.trial import TrialSpec
from scaling.training import Diverged
from scaling.training.checkpoint import Checkpoint
from scaling.training.workers import Workers

Report = Callable[[dict], None]  # is given progress: step, loss, images_per_s, heldout_loss, fid


@dataclass(frozen=True)
class Setup:
    """How trainings are carried out in this process: a trial's own, and that of its trunk."""

    execution: Execution
    workers: Workers
    report: Report
    threads: int = 1
    device: str = "cpu"
    devices: float = 1.0  # GPUs, or workers on CPUs, that a session holds
    # why a training is to stop at the checkpoint of a step; None where it is not
    ending: Callable[[int], str | None] = lambda step: None
    rungs: tuple[int, ...] = ()  # steps that have a checkpoint, to be asked there


class Session:
    """The records of a training while this process works on it.

    ``name`` is told in the state, so that whoever started the session knows it; None where the
    training is a trunk that another one needs.
    """

    def __init__(self, spec: TrialSpec, run: Run, setup: Setup, name: str | None):
        self.spec, self.run, self.report = spec, run, setup.report
        self.heartbeat = Heartbeat(run)
        wanted, size = setup.execution.workers, setup.workers.size
        if size < wanted:
            self.heartbeat.why = f"with {size} of {wanted} workers"
        self.entry: dict[str, Any] = {
            "started": _now(),
            "ended": None,
            "from_step": None,
            "to_step": None,
            # the range is how it was asked for; this session has as many as there are
            "execution": setup.execution.model_dump(mode="json", exclude={"min_workers"})
            | {"workers": size},
            "devices": setup.devices,
            "out_of_memory": [],
            "diverged": None,
            "provenance": provenance(_device_name(setup.device), setup.threads),
        }
        before = run.record()
        sessions = before["sessions"] if before else []
        self.sessions_before = _with_last_seen(sessions, run.state())
        self.classes = before.get("classes") if before else None  # names in order of label
        self.heartbeat.tell(step=before.get("step", 0) if before else 0, ready=[], session=name)
        self.count = (before and before["count"]) or {
            "params_m": trainable_params(spec.model) / 1e6,
            "forward_gmacs": checked_count(spec.model).macs / 1e9,
        }
        # What the curve holds, as another hand may cut it while this session goes on.
        self.logged: dict[int, Line] = {line["step"]: line for line in whole_lines(run)}
        self.lines_before = before.get("lines", 0) if before else 0
        self.lost = 0  # lines before the checkpoint from which this session goes on
        write_spec(run, spec)

    @property
    def ready(self) -> list[int]:
        """The steps whose checkpoints are sound and stay as they are, to be measured by anyone."""
        return self.heartbeat.progress["ready"]

    def add_ready(self, step: int) -> None:
        self._tell(ready=sorted({*self.ready, step}))
        self.heartbeat.beat()  # at a store, too: evaluations may begin

    def log(self, line: dict) -> None:
        """Add a line to the curve, and tell its figures."""
        logged = cast(Line, line)
        self.run.log(logged)
        self.logged[line["step"]] = logged
        shown = {k: line[k] for k in ("step", "loss", "images_per_s")}
        if line["heldout_loss"] is not None:
            shown["heldout_loss"] = line["heldout_loss"]
        self._tell(**shown)

    def begin_at(self, step: int) -> None:
        """Note the step from which this session goes on, unless it did so before."""
        if self.entry["from_step"] is None:
            self.entry["from_step"] = step

    def lines_to(self, step: int) -> int:
        """How many steps up to ``step`` are in the curve."""
        return sum(logged <= step for logged in self.logged)

    def holds_lines_of(self, saved: Checkpoint) -> bool:
        """Whether the curve holds every line that was logged before the checkpoint ``saved``."""
        return saved.lines is None or self.lines_to(saved.step) >= saved.lines

    def resume(self, saved: Checkpoint) -> None:
        """Note how many lines are lost for good to a training that goes on from ``saved``."""
        self.lost = max(0, (saved.lines or 0) - self.lines_to(saved.step))

    def write_diverged(self, event: Diverged, last_good_checkpoint: int | None) -> None:
        self.entry["diverged"] = {
            "step": event.step,
            "grad_norm": event.grad_norm,
            "last_good_checkpoint": last_good_checkpoint,
        }
        self.run.write_state(
            "diverged", str(event), **self.heartbeat.tell(**self.entry["diverged"])
        )

    def write_failed(self, error: Exception) -> None:
        """The state with the last lines of the traceback; called where ``error`` is handled."""
        self.run.write_state(
            "failed",
            f"{type(error).__name__}: {error}",
            traceback=traceback.format_exc().strip().splitlines()[-3:],
            **self.heartbeat.progress,
        )

    def write_stopped(self, why: str) -> None:
        self.entry["stopped"] = why
        self.run.write_state("stopped", why, **self.heartbeat.progress)

    def write_left(self, why: str) -> None:
        self.entry["stopped"] = why
        self.run.write_state("preempted", why, **self.heartbeat.progress)

    def write_completed(self) -> None:
        self.run.write_state("completed", **self.heartbeat.progress)

    def end(self) -> None:
        self.entry["ended"] = _now()
        self.write_record()

    def write_record(self) -> None:
        """The run's measurements so far and the provenance of every session that worked on it, this
        one last. Lines that the curve has lost meanwhile are written again.
        """
        curve = [self.logged[step] for step in sorted(self.logged)]
        keep_curve(self.run, curve)
        self.run.send_curve()
        self.run.write_record(
            {
                "train_id": self.spec.train_id,
                "model": self.spec.model.name,
                "seed": self.spec.train.seed,
                "count": self.count,
                "classes": self.classes,
                "step": curve[-1]["step"] if curve else 0,
                "train_wall_s": curve[-1]["train_wall_s"] if curve else None,
                "lines": max(self.lines_before, self.lost + len(curve)),
                "sessions": [*self.sessions_before, self.entry],
            }
        )

    def _tell(self, **progress) -> None:
        self.report(self.heartbeat.tell(**progress))


def _with_last_seen(sessions: list[SessionEntry], state: State) -> list[SessionEntry]:
    """The sessions before this one. Where the last was killed before it could note its end, the
    last heartbeat is when it was ``last_seen``: its hours were spent.
    """
    seen = state.get("last_seen") or state.get("heartbeat")
    if not sessions or sessions[-1]["ended"] or seen is None:
        return sessions
    return [*sessions[:-1], {"last_seen": _iso(seen), **sessions[-1]}]


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def _now() -> str:
    return _iso(datetime.now(UTC).timestamp())


def _iso(timestamp: float) -> str:
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")
