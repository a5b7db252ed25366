"""Brings a training to a step: from its newest checkpoint, from its trunk, or by training."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

from scaling.launch.trials.leaving import Leaving, Left
from scaling.launch.trials.session import Session, Setup
from scaling.records import Run
from scaling.study.specs.checkpoints import next_stop
from scaling.study.specs.ema import Ema
from scaling.study.specs.trial import TrialSpec
from scaling.training import Diverged, Trainer, checkpoint
from scaling.training.checkpoint import Checkpoint

KEEP_NEWEST = 2  # checkpoints, besides those that are to stay


class Ended(Exception):
    """The sweep lets trainings go no further than their checkpoints; the message says why."""


class Advance:
    """One training on its way from step to step, with checkpoints behind it.

    ``trunk`` gives the checkpoint at which a cooldown branches off, holding the averages it is
    given; None for a training that has no trunk. Every worker makes one, and calls its methods
    together with the others.
    """

    def __init__(
        self,
        spec: TrialSpec,
        run: Run,
        session: Session,
        setup: Setup,
        trunk: Callable[[list[Ema]], Checkpoint] | None = None,
    ):
        self.spec, self.run, self.session, self.setup, self.trunk = spec, run, session, setup, trunk
        self.workers = setup.workers
        self.leaving = Leaving(setup.workers)
        self.trainer: Trainer | None = None
        self.writer = checkpoint.Writer(run.checkpoints)

    @contextlib.contextmanager
    def recorded(self) -> Iterator[None]:
        """While entered, the state says that the training runs; the end of the session, a
        divergence, and that the sweep ended it, are recorded.
        """
        try:
            with self.session.heartbeat:
                yield
        except Diverged as event:
            self.writer.join()  # of what may be the last good checkpoint
            self.session.write_diverged(event, checkpoint.newest_step(self.run.checkpoints))
            raise
        except Left as event:
            self.writer.join()
            self.session.write_left(str(event))
            raise
        except Ended as event:
            self.writer.join()
            self.session.write_stopped(str(event))
            raise
        finally:
            self.session.end()

    def to(self, step: int, emas: list[Ema], keep: Iterable[int]) -> None:
        """Have the checkpoint of ``step`` on disk, written by a trainer that is there.

        The trainer holds ``emas``. Checkpoints of the steps ``keep`` are made on the way and stay.
        Raises Ended at a checkpoint, where the sweep lets trainings go no further, and Left at one
        of any step, where one of the workers is asked to leave.
        """
        keep = set(keep)
        trainer = self._trainer_before(step, emas)
        while trainer.step < step:
            why = self.workers.agree(lambda: self.setup.ending(trainer.step))
            if leaves := self.leaving.why():
                self.session.entry["to_step"] = trainer.step
                raise Left(f"{leaves}, at step {trainer.step}")
            if why:
                raise Ended(why)
            stops = keep | {*self.setup.rungs}
            until = next_stop(trainer.step, step, self.spec.train.checkpoint_every, stops)
            trainer.train_to(until, self.session.log, self.leaving)
            if trainer.step not in self.session.ready:  # which may be being read
                # of whole tensors, to which every worker gives its share
                snapshot = trainer.snapshot() | {"lines": self.session.lines_to(trainer.step)}
                if self.workers.lead:
                    self.run.send_curve()  # a checkpoint names lines that are there
                    self.writer.write(snapshot, keep, KEEP_NEWEST)
        self.session.entry["to_step"] = trainer.step
        self.writer.join()

    def _trainer_before(self, step: int, emas: list[Ema]) -> Trainer:
        """A trainer as near before ``step`` as there is: this one, or one from a checkpoint."""
        if self.trainer is None or self.trainer.step > step:
            self.trainer = Trainer(
                self.spec, emas, self.setup.device, self.setup.execution, self.workers
            )
            self.session.entry["out_of_memory"] = self.trainer.out_of_memory
            names = self.trainer.data.classes
            self.session.classes = None if names is None else list(names)
        self.writer.join()
        at, labels = self.trainer.step, labels_of(emas)
        saved = self.workers.agree(lambda: self._newest(labels, at, step))
        if saved:
            self.session.resume(saved)
        if not saved and self.trunk and at < self.spec.train.branch_step:
            saved = self.trunk(emas)
        if saved:
            self.trainer.restore(saved)
        self.session.begin_at(self.trainer.step)
        return self.trainer

    def _newest(self, labels: list[str], at: int, step: int) -> Checkpoint | None:
        """The newest checkpoint after ``at`` up to ``step`` before which the curve is whole: what
        it lost is trained and logged again. Where it is whole before none, the newest of all.
        """
        root, whole = self.run.checkpoints, self.session.holds_lines_of
        return checkpoint.newest(
            root, labels, after=at, at_most=step, fits=whole
        ) or checkpoint.newest(root, labels, after=at, at_most=step)


def labels_of(emas: Iterable[Ema]) -> list[str]:
    """What a checkpoint calls these averages; the raw weights are in every checkpoint."""
    return [ema.label for ema in emas if ema.kind != "none"]
