"""How is a sweep followed while its trainings run? Progress, boards, budget, ASHA and the live page
hear of every result; who asks for its end is heard.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scaling.budget import Budget
from scaling.halving import Halving
from scaling.live_page import LivePage
from scaling.loggers.follow import Boards
from scaling.outcome import INTERRUPTION
from scaling.progress import Progress, interruptible, say
from scaling.records import StudyFolder
from scaling.records.state.heartbeat import Heartbeat
from scaling.records.storage.following import followed
from scaling.records.storage.places import url_of
from scaling.study import Plan
from scaling.webhook import Webhook


@dataclass(frozen=True)
class Running:
    """Who carries trainings out, and who is told how they get on."""

    supervisor: Any
    lease: Heartbeat
    boards: Boards
    hook: Webhook
    budget: Budget
    halving: Halving

    def follow(self, on_progress: Callable[[str, dict], None], asked) -> str | None:
        """Follow the trainings, and those that ASHA lets go on after they had stopped, until all
        have ended; returns why not.
        """
        while True:
            why = self.supervisor.follow(
                on_progress, lambda: asked(self.lease) or self.budget.is_over()
            )
            again = [] if why or self.budget.reached else self.halving.again()
            if not again:
                return why
            for train_id in again:
                self.budget.again(train_id)
            try:
                self.supervisor.again(again)
            except (ValueError, RuntimeError) as error:  # the cluster is not what it was
                return str(error)


def waits_for(result: dict) -> str | None:
    """What a training of this result waits for; None where it does not wait."""
    if result.get("done"):
        return None
    pending = result.get("state") == "pending"
    return result.get("waits") or (result.get("why") if pending else None)


def follow(
    plan: Plan,
    left: list,
    folder: StudyFolder,
    cluster,
    running: Running,
) -> str | None:
    """Follow the trainings ``left`` on the cluster, showing progress; returns why they were stopped
    before their end.
    """
    from scaling.launch.supervise.supervisor import Stopped
    from scaling.records.state.lease import ASKED, is_asked_to_stop

    if url := url_of(folder.folder):
        say(f"results: {url}, worked on in {folder.folder}")
    say(f"report, which follows the sweep: {folder.folder / 'report.html'}")
    say(f"TensorBoard: tensorboard --logdir {folder.folder / 'tensorboard'}")
    with (
        followed(folder.folder, plan),
        running.boards,
        LivePage(folder) as page,
        Progress(plan, left, folder, cluster.dashboard) as progress,
        interruptible() as interruption,
    ):
        waits: dict[str, str] = {}

        def on_progress(train_id: str, result: dict) -> None:
            progress.update(train_id, result)
            waits.pop(train_id, None)
            if why := waits_for(result):
                waits[train_id] = why
            running.lease.tell(waits=dict(waits))
            running.boards.changed(train_id, bool(result.get("done")))
            running.budget.take_in(train_id, result)
            running.halving.take_in(train_id, result)
            if result.get("done"):
                page.refresh()
                running.hook.ended(progress.trainings[train_id].trial_id, result)

        try:
            why = running.follow(on_progress, is_asked_to_stop)
        except Stopped:
            why = running.budget.over or ASKED
    if interruption.happened:
        return INTERRUPTION
    if why:
        say(f"{plan.name}: stopped: {why}")
    return why
