"""What have the trainings of a sweep taken so far, and what will the rest of them? From records."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from scaling.records import StudyFolder
from scaling.records.halving import stopped_early
from scaling.records.parsed import Unreadable
from scaling.records.spending.account import least_train_hours, measure_hours, train_hours
from scaling.records.spending.expected import Expected, add_expected
from scaling.records.spending.seen import seen
from scaling.records.storage.stores import StoreError
from scaling.study.planning.budget import Standing
from scaling.study.planning.devices import GPU_TYPES
from scaling.study.planning.forecast import SpeedOf, at_mfu, measuring_flops
from scaling.study.planning.plan import Plan, PlannedTrial, root
from scaling.study.planning.speed import MFU
from scaling.study.planning.time_left import Paces, Seen, paces_of
from scaling.study.specs.checkpoints import next_stop

SUPPOSED_GPUS = "an MFU of {:g} on {}"
TIMED = "work timed on the sweep's machine"
LEARNED = "the pace of the trainings before it"


@dataclass(frozen=True)
class Prior:
    """A speed that is supposed while nothing has been seen."""

    speed: SpeedOf
    basis: str


def timed_here(plan: Plan) -> Prior:
    """Times a few steps and samples on this machine."""
    from scaling.launch.calibrate import calibrated

    speed = calibrated(plan)
    return Prior(lambda precision: speed, TIMED)


def published(gpu_types: Iterable[str]) -> Prior | None:
    """By the data sheet of the cluster's GPUs, as Ray names them; None where they are of several
    kinds, or of one that is not listed.
    """
    named = {name.lower() for name in gpu_types}
    if len(named) != 1 or not named <= GPU_TYPES.keys():
        return None
    (kind,) = named
    return Prior(at_mfu(GPU_TYPES[kind], MFU), SUPPOSED_GPUS.format(MFU, GPU_TYPES[kind].device))


class Accounts:
    """The trainings of ``plan`` in ``folder``; those ``left`` are this sweep's.

    What is not running is read once.
    """

    def __init__(
        self,
        plan: Plan,
        left: list[list[PlannedTrial]],
        folder: StudyFolder,
        gpus_per_trial: float,
        workers: int,
        prior: Prior | None,
    ):
        self.plan, self.folder, self.prior = plan, folder, prior
        self.devices = gpus_per_trial or float(workers)
        self.measuring_devices = min(1.0, gpus_per_trial) or 1.0
        self.groups = {group[0].train_id: group for group in plan.runs()}
        self.left = [group[0].train_id for group in left]
        self.running: dict[str, None] = {}  # in the order in which they began
        self.ended: dict[str, None] = {}
        self._trains = {root(group[0]): group[0].train_id for group in reversed(left)}
        self._standings: dict[str, Standing] = {}
        self._before: dict[str, Standing] = {}  # as they stood when something was first expected

    def began(self, train_id: str) -> None:
        if train_id not in self.running and train_id not in self.ended:
            if self.prior is None:
                self.expect([train_id])
            self.running[train_id] = None

    def end(self, train_id: str) -> None:
        self._standings.pop(train_id, None)
        self.running.pop(train_id, None)
        self.ended[train_id] = None

    def again(self, train_id: str) -> None:
        """It has ended, and is taken up again."""
        self._standings.pop(train_id, None)
        self.ended.pop(train_id, None)

    def has_ended_early(self, train_id: str) -> bool:
        """Whether it diverged, or was stopped by ASHA: the rest of it is not to be done."""
        state = self.folder.run(train_id).state()
        return state["state"] == "diverged" or stopped_early(state["state"], state["why"])

    def standings(self) -> list[Standing]:
        """Of all trainings: what others trained, what began first, then those that wait."""
        before = [train_id for train_id in self.groups if train_id not in self.left]
        order = dict.fromkeys([*before, *self.ended, *self.running, *self.groups])
        return [self._standing(train_id) for train_id in order]

    def paces(self, standings: Iterable[Standing]) -> Paces | None:
        """As this study's trainings tell; without any, as was supposed; None where nothing was."""
        learned = paces_of([standing.seen for standing in standings])
        if learned is None and self.prior is not None:
            # one for all: a plan of two precisions is priced by its first
            return Paces.of_speed(self.prior.speed(self.plan.trials[0].spec.train.precision))
        return learned

    def expect(self, train_ids: Iterable[str]) -> None:
        """Write down what is expected of those of ``train_ids`` on which nobody had worked when
        this was first called.
        """
        standings = self.standings()
        if not self._before:
            self._before = {standing.train_id: standing for standing in standings}
        before = [self._before[train_id] for train_id in train_ids]
        fresh = [
            standing
            for standing in before
            if not standing.seen.train_s and not standing.spent_hours
        ]
        new = {standing.train_id for standing in fresh}
        others = [standing for standing in standings if standing.train_id not in new]
        paces = self.paces(others)
        if paces is None:
            return
        supposed = (
            self.prior is not None and paces_of([standing.seen for standing in others]) is None
        )
        expected: dict[str, Expected] = {}
        for standing in fresh:
            training, measuring = standing.rest_hours(paces)
            expected[standing.train_id] = {
                "train_gpu_hours": training,
                "measure_gpu_hours": measuring,
                "steps": standing.seen.steps,
                "evaluations": len(standing.seen.evaluation_flops),
                "basis": self.prior.basis if self.prior and supposed else LEARNED,
            }
        # A file that cannot be read is named by the next sweep; a store takes the copy later.
        with contextlib.suppress(Unreadable, StoreError):
            add_expected(self.folder.folder, expected)

    def _standing(self, train_id: str) -> Standing:
        if train_id in self.running:
            return self._read(train_id)
        if train_id not in self._standings:
            self._standings[train_id] = self._read(train_id)
        return self._standings[train_id]

    def _read(self, train_id: str) -> Standing:
        group, run = self.groups[train_id], self.folder.run(train_id)
        dearest = max(group, key=lambda trial: trial.spec.train.steps)
        progress = seen(group, run, train_id in self.ended)
        if dearest.spec.trunk and self._trains.get(root(dearest), train_id) != train_id:
            progress = _after_trunk(progress, dearest)
        training = train_hours(run)
        unknown = training is None and progress.train_s > 0
        if training is None:
            training = least_train_hours(run, progress.train_s, self.devices)
        measuring = measure_hours(group, run, self.measuring_devices) or 0.0  # None: none begun
        reach = self._reach(progress.done_steps, dearest)
        return Standing(
            train_id=train_id,
            seen=progress,
            spent_hours=training + measuring,
            at_least=unknown,
            devices=self.devices,
            measuring_devices=self.measuring_devices,
            running=train_id in self.running,
            reach=reach,
            due=tuple(
                sum(measuring_flops(trial))
                for trial in group
                for step, eval_id in trial.eval_ids.items()
                if step <= reach and not run.is_measured(eval_id)
            ),
        )

    @staticmethod
    def _reach(at: int, trial: PlannedTrial) -> int:
        """The step of the checkpoint after the next one; the last step's, if none comes after."""
        end, every = trial.spec.train.steps, trial.spec.train.checkpoint_every
        for _ in range(2):
            if at < end:
                at = next_stop(at, end, every, trial.eval_ids)
        return at


def _after_trunk(progress: Seen, trial: PlannedTrial) -> Seen:
    """A cooldown whose trunk is another training's: it begins at the branch."""
    branch = trial.spec.train.branch_step
    if progress.done_steps >= branch:
        return progress
    return replace(progress, done_steps=branch)
