"""Does a sweep stay within its GPU-hours? It is looked after while the sweep runs, and what was
expected of each training is written down before it begins.
"""

import contextlib
import json
import math
import time

from scaling.accounts import Accounts
from scaling.records import StudyFolder
from scaling.records.spending.allowance import (
    ASKS,
    BudgetFile,
    allowance_of,
    remove_allowance,
    write_allowance,
)
from scaling.records.storage.stores import StoreError
from scaling.study.planning.budget import Standing, verdict
from scaling.webhook import Webhook

LOOK_S = 2.0  # between two looks at the records
TOLD_AT = (50, 90)  # % of the budget
NAMED = 3  # trainings named at the end, the dearest first


class Budget:
    """``gpu_hours`` for all that the records of a study's trainings hold, whoever trained them;
    None: as many as it takes.

    Trainings ask for leave to begin, see ``allowance``. At the budget each ends at a checkpoint;
    ``is_over`` says when nothing may run any more.
    """

    def __init__(
        self, gpu_hours: float | None, accounts: Accounts, folder: StudyFolder, hook: Webhook
    ):
        self.unlimited = gpu_hours is None
        self.gpu_hours = math.inf if gpu_hours is None else gpu_hours
        self.accounts, self.hook = accounts, hook
        self.path = allowance_of(folder.folder)
        self.over: str | None = None  # why all must end now
        self._allowed: BudgetFile = {
            "gpu_hours": self.gpu_hours,
            "spent_gpu_hours": 0.0,
            "may_begin": [],
            "refused": {},
            "ending": None,
        }
        self._asking: dict[str, None] = {}
        self._looked, self._written = 0.0, ""

    @property
    def reached(self) -> str | None:
        """Why trainings ended before their ends, or did not begin; None where all may go on."""
        if self._allowed["ending"]:
            return self._allowed["ending"]
        refused = len(self._allowed["refused"])
        if refused:
            trainings = "1 training was" if refused == 1 else f"{refused} trainings were"
            return f"{trainings} not begun within the budget of {self.gpu_hours:g} GPU-hours"
        return None

    def begin(self) -> None:
        """Write down what is expected of trainings, and that none may begin yet."""
        self.accounts.expect(self.accounts.left)
        if self.unlimited:
            remove_allowance(self.path)
        else:
            self._look()

    def take_in(self, train_id: str, result: dict) -> None:
        """Note a result of a training, and answer it if it asks to begin."""
        if result.get("done"):
            self._asking.pop(train_id, None)
            self.accounts.end(train_id)
        elif self.unlimited and result.get("state") != "pending":
            self.accounts.began(train_id)
        elif result.get("why") == ASKS and train_id not in self._allowed["may_begin"]:
            self._asking[train_id] = None
            self._look()
        self.is_over()

    def again(self, train_id: str) -> None:
        """A training that ended is taken up again, and asks anew."""
        self.accounts.again(train_id)
        if train_id in self._allowed["may_begin"]:
            self._allowed["may_begin"].remove(train_id)
        if not self.unlimited:
            self._write()

    def is_over(self) -> bool:
        """Whether all that runs must end now; the records are looked at every few seconds."""
        if not self.unlimited and time.monotonic() - self._looked > LOOK_S:
            self._look()
        return self.over is not None

    def _look(self) -> None:
        self._looked = time.monotonic()
        standings = self.accounts.standings()
        paces = self.accounts.paces(standings)
        allowed = verdict(self.gpu_hours, standings, paces, list(self._asking))
        why = f"the budget of {self.gpu_hours:g} GPU-hours is reached"
        self._allowed["spent_gpu_hours"] = allowed.spent_hours
        if allowed.ending:
            self._allowed["ending"] = why
        if allowed.over and self.accounts.running:
            self.over = why
        for train_id in [*allowed.begin, *allowed.refused]:
            del self._asking[train_id]
        for train_id in allowed.begin:
            self.accounts.began(train_id)
        self._allowed["may_begin"] += allowed.begin
        self._allowed["refused"] |= allowed.refused
        self._write()
        for percent in TOLD_AT:
            if allowed.spent_hours >= percent / 100 * self.gpu_hours:
                self.hook.once(
                    f"budget {self.gpu_hours:g} {percent}",
                    f"{percent} % of the budget of {self.gpu_hours:g} GPU-hours are spent",
                )

    def _write(self) -> None:
        """Write what is allowed, where that changed; a store that does not answer is tried again
        at the next look.
        """
        permits = {k: v for k, v in self._allowed.items() if k != "spent_gpu_hours"}
        text = json.dumps(permits)
        if text != self._written:
            with contextlib.suppress(StoreError):
                write_allowance(self.path, self._allowed)
                self._written = text

    def summary(self) -> str:
        """What was spent; what is left to do, and what it would take."""
        return spent_text(self.accounts, self.gpu_hours)


def spent_text(accounts: Accounts, gpu_hours: float) -> str:
    """What of the budget was spent; which of this sweep's trainings are left, and their price."""
    standings = accounts.standings()
    spent = sum(standing.spent_hours for standing in standings)
    said = f"{spent:.3g} of the budget of {gpu_hours:g} GPU-hours are spent"
    unknown = sum(standing.at_least for standing in standings)
    if unknown:
        said += (
            f" at least ({unknown} of {len(standings)} trainings lack hours in their records and "
            "count by their curves)"
        )
    left = [
        standing
        for standing in standings
        if standing.train_id in accounts.left
        and is_left(standing)
        and not accounts.has_ended_early(standing.train_id)
    ]
    if not left:
        return f"{said}; nothing is left to do"
    said += f"; {'1 training is' if len(left) == 1 else f'{len(left)} trainings are'} left"
    paces = accounts.paces(standings)
    if paces is None:
        return f"{said}, and nothing tells yet what they would take"
    takes = {standing.train_id: sum(standing.rest_hours(paces)) for standing in left}
    dearest = sorted(takes, key=lambda train_id: -takes[train_id])[:NAMED]
    named = ", ".join(
        f"{accounts.groups[train_id][0].trial_id} ({takes[train_id]:.3g})" for train_id in dearest
    )
    total = sum(takes.values())
    return (
        f"{said}: about {total:.3g} GPU-hours, the most for {named}; the same command with "
        f"--budget {_above(spent + total)} goes on"
    )


def is_left(standing: Standing) -> bool:
    """Whether steps or evaluations of it are still to be done."""
    steps = standing.seen.done_steps < standing.seen.steps
    return steps or len(standing.seen.evaluated_s) < len(standing.seen.evaluation_flops)


def _above(hours: float) -> str:
    """``hours`` with two digits, rounded up."""
    unit = 10.0 ** (math.floor(math.log10(hours)) - 1)
    return f"{math.ceil(hours / unit) * unit:.3g}"
