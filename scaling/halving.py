"""Which trainings of a sweep stop early? Their held-out losses are looked at as they come to a
rung, and each is told whether it goes on. How is decided stands in ``study.planning.asha``.
"""

import contextlib

from scaling.records import StudyFolder
from scaling.records.halving import (
    BY_ASHA,
    HalvingFile,
    halving_of,
    read_halving,
    stopped_early,
    write_halving,
)
from scaling.records.parsed import Unreadable
from scaling.records.state.file import AGAIN
from scaling.records.storage.stores import StoreError
from scaling.study.planning.asha import Asha, Entrant, Place, groups, places
from scaling.study.planning.plan import Plan, PlannedTrial


class Halving:
    """The trainings of ``plan`` under ``asha``; None: none stops early, and what was stopped goes
    on.

    What is decided follows from the records: the curves say who reached which rung with which
    loss, and ``asha.json`` who was let pass.
    """

    def __init__(self, asha: Asha | None, plan: Plan, folder: StudyFolder):
        self.asha, self.folder = asha, folder
        self.path = halving_of(folder.folder)
        self.groups = groups(plan) if asha else []
        self.group_of = {trial.train_id: group for group in self.groups for trial in group}
        before = read_halving(self.path) if asha else None
        passed = {i: n for i, n in before["passed"].items() if i in self.group_of} if before else {}
        freed = set(before["freed"]) if before else set()
        self.passed: dict[str, int] = passed
        paused = before["paused"] if before else {}
        self.freed = freed | {i for i in paused if self._is_retried(i)}
        self.paused: dict[str, Place] = {}
        self._stopped: dict[str, None] = {}  # ended at a rung, in this sweep
        self._gone: set[str] = set()  # ended for other reasons
        self._written: HalvingFile | None = None

    def begins(self, left: list[list[PlannedTrial]]) -> list[list[PlannedTrial]]:
        """Of the trainings ``left`` those that go on now; writes nothing."""
        for group in self.groups:
            self._decide(group)
        return [group for group in left if group[0].train_id not in self.paused]

    def write(self) -> None:
        """What was decided, for those that wait at a rung; a store that does not answer is tried
        again at the next look.
        """
        if self.asha is None:
            return
        content: HalvingFile = {
            "grace": self.asha.grace,
            "eta": self.asha.eta,
            "passed": dict(self.passed),
            "paused": {
                i: {"rung": place.rung, "why": f"{BY_ASHA}{place}"}
                for i, place in self.paused.items()
            },
            "freed": sorted(self.freed),
        }
        if content != self._written:
            with contextlib.suppress(StoreError):
                write_halving(self.path, content)
                self._written = content

    def take_in(self, train_id: str, result: dict) -> None:
        """Note a result of a training, and decide where it waits at a rung."""
        group = self.group_of.get(train_id)
        if self.asha is None or group is None:
            return
        if result.get("done"):
            if stopped_early(result.get("state", ""), result.get("why")):
                self._stopped[train_id] = None
            else:
                self._gone.add(train_id)
            self._decide(group)
        elif self._waits(train_id, group[0], result.get("step") or 0):
            self._decide(group)
        self.write()

    def again(self) -> list[str]:
        """Trainings that stopped and may go on now, as more have reached their rung since; the
        others' reasons are brought up to date.
        """
        for group in self.groups:
            self._decide(group)
        self.write()
        for train_id, place in self.paused.items():
            run = self.folder.run(train_id)
            state = run.state()
            if stopped_early(state["state"], state["why"]):
                kept = {
                    k: v
                    for k, v in state.items()
                    if k not in ("schema_version", "state", "why", "heartbeat")
                }
                seen = state.get("last_seen") or state.get("heartbeat")
                run.write_state("stopped", f"{BY_ASHA}{place}", **{**kept, "last_seen": seen})
        again = [train_id for train_id in self._stopped if train_id not in self.paused]
        for train_id in again:
            del self._stopped[train_id]
        return again

    def _waits(self, train_id: str, trial: PlannedTrial, step: int) -> bool:
        assert self.asha is not None
        passed = self.passed.get(train_id, 0)
        return any(passed < rung <= step for rung in self.asha.rungs(trial.spec.train.steps))

    def _decide(self, group: list[PlannedTrial]) -> None:
        assert self.asha is not None
        rungs = self.asha.rungs(group[0].spec.train.steps)
        decided = places([self._entrant(trial, rungs) for trial in group], rungs, self.asha.eta)
        for train_id, place in decided.items():
            self.paused.pop(train_id, None)
            if place.goes_on:
                self.passed[train_id] = max(self.passed.get(train_id, 0), place.rung)
            else:
                self.paused[train_id] = place

    def _entrant(self, trial: PlannedTrial, rungs: tuple[int, ...]) -> Entrant:
        train_id = trial.train_id
        run = self.folder.run(train_id)
        faults: list[Unreadable] = []  # are told at the sweep's end
        curve = run.curve(faults)
        state = run.state()["state"]
        return Entrant(
            train_id=train_id,
            losses={
                line["step"]: line.get("heldout_loss") for line in curve if line["step"] in rungs
            },
            done_steps=curve[-1]["step"] if curve else 0,
            passed=rungs[-1] if train_id in self.freed else self.passed.get(train_id, 0),
            diverged=state == "diverged",
            lost=train_id in self._gone,
        )

    def _is_retried(self, train_id: str) -> bool:
        state = self.folder.run(train_id).state()
        return state["state"] == "pending" and state["why"] == AGAIN
