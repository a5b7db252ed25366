"""How does a spec become a record? Train to each evaluated step and checkpoint it; each checkpoint
is then measured by a task of its own.

What is on disk already is not done again: finished evaluations are kept, evaluated checkpoints are
measured without training, and training goes on from the newest valid checkpoint. No Ray here; a
training is a plain function.
"""

import contextlib
import functools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from scaling.launch.trials.advance import Advance, Ended, labels_of
from scaling.launch.trials.evaluation import evaluate
from scaling.launch.trials.leaving import Left
from scaling.launch.trials.run_lock import hold
from scaling.launch.trials.session import Report, Session, Setup
from scaling.launch.trials.trunk import trunk_checkpoint
from scaling.records import Run
from scaling.records.state.file import STALE_AFTER_S
from scaling.records.storage.copies import pull, refresh, send_changed
from scaling.study.execution import Execution
from scaling.study.specs.ema import Ema
from scaling.study.specs.trial import TrialSpec
from scaling.training import Diverged, checkpoint
from scaling.training.workers import OutOfMemory, Workers

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


def train(
    specs: list[TrialSpec],
    run: Run,
    report: Report,
    threads: int = 1,
    session: str | None = None,
    execution: Execution | None = None,
    branches: list[TrialSpec] | None = None,
    workers: Workers | None = None,
    devices: float = 1.0,
    ending: Callable[[int], str | None] = lambda step: None,
    rungs: tuple[int, ...] = (),
) -> str:
    """Have a checkpoint at every step that ``specs`` still have to be measured at; returns the
    final state.

    The state tells ``ready``: the steps whose checkpoints are sound and stay as they are, to be
    measured by whoever will, and ``session``, whose word that is. ``branches`` are the cooldowns
    that share this training as their trunk, or the trunk of ``specs``: it keeps a checkpoint where
    each begins, so that none of its steps is trained twice. Each of several ``workers`` calls this;
    their lead reads the records, decides, and alone writes and reports. ``devices`` are the GPUs,
    or workers on CPUs, that all of them hold. ``ending`` is asked with the step at every
    checkpoint, of which each of ``rungs`` is one: where it says why, the training is stopped there.
    """
    torch.set_num_threads(threads)
    run.folder.mkdir(parents=True, exist_ok=True)
    workers = workers or Workers()
    if not workers.lead:
        run, report = run.as_read_only(), _unreported
    with _lock(run, workers):
        if workers.lead:
            pull(run.folder)  # what another machine did, and what this one could not send
            send_changed(run.folder)
        spec = max(specs, key=lambda s: s.train.steps)
        cooldowns = [s for s in dict.fromkeys([*specs, *(branches or [])]) if s.trunk]
        wanted = workers.agree(lambda: what_is_wanted(specs, cooldowns, run))
        if not wanted.averages:
            return "completed"
        setup = Setup(
            execution or Execution(), workers, report, threads, _device(), devices, ending, rungs
        )
        noted = Session(spec, run, setup, session)

        trunk = None
        if spec.trunk:
            trunk_run = run.sibling(spec.trunk.train_id)
            trunk = functools.partial(trunk_checkpoint, spec.trunk, cooldowns, trunk_run, setup)
        advance = Advance(spec, run, noted, setup, trunk)
        try:
            with advance.recorded():
                noted.write_record()  # so that a session that is killed is known too
                _make_checkpoints(advance, wanted)
        except Diverged:
            return "diverged"
        except Ended:
            return "stopped"
        except Left:
            raise  # as it is recorded
        except OutOfMemory:
            raise  # to begin again
        except Exception as error:
            noted.write_failed(error)
            raise
        noted.write_completed()
        return "completed"


def _make_checkpoints(advance: Advance, wanted: "Wanted") -> None:
    """Say which checkpoints are sound as they are, train to all others, and delete the rest."""
    run, session, workers = advance.run, advance.session, advance.workers
    for step, labels in wanted.averages.items():
        saved = workers.agree(lambda step=step: checkpoint.load(run.checkpoints, step))
        if saved is not None and set(labels) <= set(saved.emas):
            session.add_ready(step)
    for step in [step for step in wanted.averages if step not in session.ready]:
        advance.to(step, wanted.emas, wanted.keep)
        session.add_ready(step)
    if workers.lead:
        checkpoint.prune(run.checkpoints, wanted.keep)


def missing(specs: list[TrialSpec], run: Run) -> list[tuple[int, TrialSpec]]:
    """The measurements still to be made, by step."""
    return sorted(
        {
            (step, spec)
            for spec in specs
            for step in spec.eval_steps
            if not run.is_measured(spec.eval_id(step))
        },
        key=lambda pair: pair[0],
    )


@dataclass(frozen=True)
class Wanted:
    """What a training is to leave on disk."""

    averages: dict[int, list[str]]  # step still to be measured -> averages of its checkpoint
    emas: list[Ema]  # what the trainer keeps: all of them, and those of cooldowns that begin here
    keep: set[int]  # steps whose checkpoints stay


def what_is_wanted(specs: list[TrialSpec], cooldowns: list[TrialSpec], run: Run) -> Wanted:
    """Of ``specs``, which share the training ``run``. The ``cooldowns`` begin on it, unless
    ``specs`` are some of them.
    """
    left = missing(specs, run)
    own = [] if specs[0].trunk else cooldowns
    averages: dict[int, list[Ema]] = {}
    for step, spec in left:
        averages.setdefault(step, []).append(spec.evaluate.ema)
    return Wanted(
        averages={step: labels_of(emas) for step, emas in averages.items()},
        emas=list(dict.fromkeys(s.evaluate.ema for s in [*(s for _, s in left), *own])),
        # Checkpoints of every step ever evaluated stay, for metrics still to be asked for.
        keep=run.measured_steps()
        | {step for spec in specs for step in spec.eval_steps}
        | {spec.train.branch_step for spec in own},
    )


def _lock(run: Run, workers: Workers) -> contextlib.ExitStack:
    """The lock on ``run``, to be entered. RuntimeError where another process keeps it, unless that
    trains it as a trunk: then it is waited for.
    """
    held = hold(run, LOCK_WAIT_S, workers)
    while held is None:
        as_trunk = workers.agree(lambda: is_trained_as_trunk(run))
        held = hold(run, LOCK_WAIT_S, workers)  # whoever is not at it any more may be just leaving
        if held is None and not as_trunk:
            raise RuntimeError(
                f"{run.folder} is being worked on by another process; wait for it or stop it"
            )
    return held


def is_trained_as_trunk(run: Run) -> bool:
    """Whether a cooldown trains ``run`` now: its trunk, which is in no session of its own."""
    refresh(run.path)
    state = run.state()
    return (
        state["state"] == "running"
        and state.get("session") is None
        and time.time() - state["heartbeat"] < STALE_AFTER_S
    )


def _unreported(progress: dict) -> None:
    """What a worker tells that is not the lead."""


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"
