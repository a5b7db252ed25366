"""What crosses Ray to train and measure one network: a frozen Job, as JSON text.

Whoever starts a task sends ``job.dump()``; whoever runs it calls ``Job.load``, which checks every
field again. Nothing else about a training crosses.
"""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from scaling.launch.supervise.limits import HUNG_AFTER_S, MORE_AFTER_S
from scaling.launch.trials import leaving
from scaling.records.halving import word_at
from scaling.records.ledger import Run
from scaling.records.spending.allowance import ending
from scaling.records.storage.places import here
from scaling.study.execution import Execution
from scaling.study.families.outside.shipped import Shipped
from scaling.study.planning.plan import PlannedTrial
from scaling.study.specs.identity import Spec
from scaling.study.specs.trial import TrialSpec


class Trunk(Spec):
    """Another training of the same sweep that takes the first steps of this one."""

    run_folder: str  # as a Job's
    step: int = Field(ge=1)  # at which this training branches off

    @property
    def run(self) -> Run:
        return Run(here(self.run_folder))


@dataclass(frozen=True)
class Evaluation:
    """One checkpoint to be measured as one trial asks."""

    eval_id: str
    step: int
    spec: TrialSpec


class Job(Spec):
    """One training, its evaluations, and the place that each of them needs."""

    study: str
    trials: tuple[PlannedTrial, ...] = Field(min_length=1)  # all share this training
    branches: tuple[TrialSpec, ...] = ()  # cooldowns that begin on this training, or on its trunk
    trunk: Trunk | None = None  # where another training of the sweep trains it
    run_folder: str  # a URL, or an absolute path on a disk that every node sees
    shipped: Shipped = Shipped()  # the source of networks that the study's own file defines
    execution: Execution = Execution()
    cpus_per_worker: int = Field(1, ge=0)  # as many torch threads; an evaluation takes as many
    gpus_per_training: float = Field(0.0, ge=0)  # over all its workers
    gpus_per_evaluation: float = Field(0.0, ge=0)
    # a training or an evaluation whose heartbeat is older, in seconds, hangs
    hung_after_s: float = Field(HUNG_AFTER_S, gt=0)
    # with fewer workers than are wanted it goes on so long, at least, before there are more
    more_after_s: float = Field(MORE_AFTER_S, gt=0)
    allowance: str | None = None  # the file, or its URL, that says what the budget allows
    # steps at which the training waits for its word, and the file, or its URL, that gives it
    rungs: tuple[int, ...] = ()
    halving: str | None = None

    def dump(self) -> str:
        """The text that crosses Ray."""
        return self.model_dump_json()

    @classmethod
    def load(cls, text: str) -> "Job":
        """The job that ``dump`` wrote, validated. ValidationError names a field that is unknown,
        missing or wrong.

        This is the one place where a worker makes specs of what was sent to it. Networks that the
        study's file defines are loaded first, as their specs cannot be read without them.
        """
        load_networks(text)
        return cls.model_validate_json(text)

    @property
    def train_id(self) -> str:
        return self.trials[0].train_id

    @property
    def trial_id(self) -> str:
        """The first trial's, under which Tune lists the training."""
        return self.trials[0].trial_id

    @property
    def model(self) -> str:
        return self.trials[0].model

    @property
    def label(self) -> str:
        """What the dashboard calls the task."""
        train = self.trials[0].spec.train
        return f"{self.study} {self.model} lr={train.lr:g} seed={train.seed}"

    @property
    def specs(self) -> list[TrialSpec]:
        return [trial.spec for trial in self.trials]

    @property
    def run(self) -> Run:
        return Run(here(self.run_folder))

    @property
    def devices(self) -> float:
        """GPUs of the training; on CPUs its workers."""
        return self.gpus_per_training or float(self.execution.workers)

    @property
    def worker_counts(self) -> tuple[int, ...]:
        """The numbers of workers with which it may be trained, the fewest first."""
        return self.execution.counts(self.trials[0].spec.train.batch)

    @property
    def needs(self) -> dict[str, float]:
        """Ray's resources of each of several workers."""
        return {"CPU": self.cpus_per_worker, **({"GPU": 1} if self.gpus_per_training else {})}

    def ending(self, step: int) -> str | None:
        """Why the training, which is at ``step``, is to stop at this checkpoint; None while it is
        not. At a rung its word is waited for.
        """
        if self.halving is not None and step in self.rungs:
            return word_at(self.halving, self.train_id, step, self._ends)
        return self._ends()

    def _ends(self) -> str | None:
        if why := leaving.why():
            return why
        return None if self.allowance is None else ending(self.allowance)

    @property
    def evaluations(self) -> dict[str, Evaluation]:
        """By eval_id, every measurement that a trial asks for, whether on disk already or not."""
        return {
            eval_id: Evaluation(eval_id, step, trial.spec)
            for trial in self.trials
            for step, eval_id in trial.eval_ids.items()
        }


class _Source(BaseModel):
    """Of a text that crosses Ray only what must be loaded before the rest can be read."""

    shipped: Shipped = Shipped()


def load_networks(text: str) -> None:
    """Load the networks whose source is in the field ``shipped`` of ``text``, a JSON object."""
    shipped = _Source.model_validate_json(text).shipped
    if shipped.files:  # a worker that is killed leaves its folder behind
        shipped.load(Path(source_folder().name))


@functools.cache
def source_folder() -> tempfile.TemporaryDirectory:
    """Where this process writes source that is sent to it; removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="dit-scaling-source-")
