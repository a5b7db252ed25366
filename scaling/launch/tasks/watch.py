"""Watches a training and its evaluations: a Tune trial that begins their tasks, and begins again
what was lost.

Training goes on while its checkpoints are measured; those tasks queue for resources as the training
did. The watch holds no resources. It polls the records, starts evaluations as checkpoints get ready
and passes progress on. It does not need torch, and is reused.
"""

import collections
import time
import uuid

import ray
from ray import ObjectRef, tune
from ray.exceptions import OutOfMemoryError, RayError

from scaling.launch.supervise.limits import LOSSES
from scaling.launch.tasks.attempts import (
    Attempts,
    end_process,
    is_loss,
    newest_step,
    smaller,
    why_of,
)
from scaling.launch.tasks.job import Evaluation, Job
from scaling.launch.tasks.standing import standing, trunk_is_coming
from scaling.launch.tasks.waiting import Waiting
from scaling.launch.tasks.worker import evaluate, task, train
from scaling.records.ledger import Run
from scaling.records.shapes import State
from scaling.records.spending.account import last_heartbeat, spent_s
from scaling.records.spending.allowance import ASKS, read_allowance
from scaling.records.state.file import StateFile
from scaling.records.storage.following import Looks
from scaling.records.storage.places import url_of
from scaling.records.storage.stores import patience_s

POLL_S = 1.0


class TrialWatch(tune.Trainable):
    """A Tune trial: one training and its evaluations, each a task; done when all have ended.

    A cooldown asks for no place while its trunk is being trained.
    """

    def setup(self, config: dict) -> None:
        self._start(config["job"])

    def reset_config(self, new_config: dict) -> bool:
        self._start(new_config["job"])
        return True

    def _start(self, text: str) -> None:
        self.job = Job.load(text)
        self.records = self.job.run
        self.session = uuid.uuid4().hex[:8]
        self.waiting = [
            asked
            for asked in self.job.evaluations.values()
            if not self.records.is_measured(asked.eval_id)
        ]
        self.failed: str | None = None
        self.evaluations: dict[ObjectRef, Evaluation] = {}  # task -> what it measures
        self.training: ObjectRef | None = None
        # By eval_id; None is the training.
        self.attempts: dict[str | None, Attempts] = collections.defaultdict(Attempts)
        self.waits = Waiting()
        self.begun, self.since = False, time.time()
        self.refused: str | None = None  # why the budget does not let it begin
        # workers of other nodes write at the store, where results are at a URL
        trunk = self.job.trunk
        self.copies = Looks(self.records.folder, *([trunk.run.folder] if trunk else []))
        self.copies.look()
        self._begin()

    def _begin(self) -> None:
        trunk = self.job.trunk
        if self.begun or (trunk and trunk_is_coming(trunk.run, trunk.step, self.since)):
            return
        if self._is_allowed():
            self.begun = True
            self._train()

    def _is_allowed(self) -> bool:
        """Whether the budget, if there is one, lets the training begin now."""
        if self.job.allowance is None:
            return True
        allowed = read_allowance(self.job.allowance)
        if allowed is None:
            return False
        self.refused = allowed["refused"].get(self.job.train_id)
        return self.job.train_id in allowed["may_begin"]

    def _train(self) -> None:
        job = self.job
        alone = job.execution.workers == 1  # several reserve what each needs themselves
        self.training = task(
            train,
            job.label,
            job.gpus_per_training if alone else 0.0,
            job.cpus_per_worker if alone else 0,
        ).remote(job.dump(), self.session)
        self.waits.asked(None)

    def _evaluate(self, asked: Evaluation) -> None:
        label = f"evaluate {self.job.label} step {asked.step}"
        measuring = task(evaluate, label, self.job.gpus_per_evaluation, self.job.cpus_per_worker)
        ref = measuring.remote(self.job.dump(), asked.eval_id, self.session)
        self.evaluations[ref] = asked
        self.waits.asked(asked)

    def step(self) -> dict:
        self.copies.look()
        self._begin()
        if not self.begun and self.refused:
            return self._give_up(self.refused)
        if not self.begun:
            time.sleep(POLL_S)
            return {"done": False, "state": "pending", "why": self._waits_for()}
        ended, _ = ray.wait([*self._tasks()], timeout=POLL_S)
        if ended:  # what a task wrote last is wanted at once
            self.copies.look(now=True)
        for ref in ended:
            self._take_in(ref)
        self._end_what_hangs()
        state = self.records.state()
        if state.get("session") == self.session:  # an earlier session's word may be outdated
            for asked in [asked for asked in self.waiting if asked.step in state["ready"]]:
                self.waiting.remove(asked)
                self._evaluate(asked)
        # Evaluations that are still waiting have no checkpoint to come.
        done = self.training is None and not self.evaluations
        told = standing(self.job, state, bool(self.evaluations), self.failed)
        return {**told, "done": done, "waits": self._waits_for_places()}

    def _tasks(self) -> dict[ObjectRef, Evaluation | None]:
        """What each task does that has not ended; None is the training."""
        return {**({self.training: None} if self.training else {}), **self.evaluations}

    def _waits_for_places(self) -> str | None:
        """What is waited for where no task has begun; None where one has."""
        tasks = list(self._tasks().values())
        if not tasks or any(self._has_begun(asked) for asked in tasks):
            return None
        return self.waits.told(self.job, tasks[0])

    def _has_begun(self, asked: Evaluation | None) -> bool:
        state = self._place(asked).state()
        return state.get("session") == self.session or self._is_done(asked, state)

    def _waits_for(self) -> str:
        trunk = self.job.trunk
        if trunk and trunk_is_coming(trunk.run, trunk.step, self.since):
            return "its trunk is being trained"
        return ASKS

    def _give_up(self, why: str) -> dict:
        """End a training that has not begun; one that was trained before keeps its state."""
        state = self.records.state()
        if state["state"] in ("pending", "stopped", "preempted"):
            kept = {key: state[key] for key in ("step", "loss", "ready") if key in state}
            seen = last_heartbeat(state)
            self.records.write_state("stopped", why, last_seen=seen, **kept)
        told = standing(self.job, state, evaluating=False, failed=None)
        return {**told, "done": True, "state": "stopped", "why": why}

    def _place(self, asked: Evaluation | None) -> Run | StateFile:
        """Where it is told how an evaluation, or without one the training, stands."""
        return self.records if asked is None else self.records.evaluating(asked.eval_id)

    def _end_what_hangs(self) -> None:
        """Kill the processes whose heartbeat has stopped, and those that do not end after their
        work; their tasks then end as lost.
        """
        # a last word is written here first, and then sent to the store, where there is one
        ends_within_s = self.job.hung_after_s + (patience_s() if url_of(self.records.path) else 0)
        for ref, asked in self._tasks().items():
            state, attempts = (
                self._place(asked).state(),
                self.attempts[asked.eval_id if asked else None],
            )
            if self._is_done(asked, state):
                if attempts.silent_s(state.get("heartbeat", 0.0)) > ends_within_s:
                    ray.cancel(ref, force=True)
            elif state["state"] == "running" and state.get("session") == self.session:
                if attempts.silent_s(state["heartbeat"]) > self.job.hung_after_s:
                    attempts.hung = f"no heartbeat for {self.job.hung_after_s:g} s"
                    end_process(state["pid"], state["host"])

    def _is_done(self, asked: Evaluation | None, state: State) -> bool:
        """Whether a task has written its last word: only the process was still to end."""
        if asked is None:
            return state["state"] == "completed" and state.get("session") == self.session
        return state["state"] == "pending" and self.records.is_measured(asked.eval_id)

    def _take_in(self, ref: ObjectRef) -> None:
        """Note how a task ended; what it did is on disk. What was lost begins again."""
        asked = None if ref == self.training else self.evaluations.pop(ref)
        if asked is None:
            self.training = None
        try:
            ray.get(ref)
        except RayError as failure:
            why = why_of(failure)
            if not is_loss(failure):
                self._fail(asked, why)
            elif not self._is_done(asked, self._place(asked).state()):
                self._begin_again(asked, why, isinstance(failure, OutOfMemoryError))

    def _begin_again(self, asked: Evaluation | None, why: str, out_of_memory: bool) -> None:
        attempts = self.attempts[asked.eval_id if asked else None]
        why, attempts.hung = attempts.hung or why, None
        place = self._place(asked)
        before = place.state()
        if before["state"] == "preempted" and before.get("session") == self.session:
            why = before["why"] or why  # it says itself why it left
        reached = asked.step if asked else newest_step(self.records.checkpoints)
        if not attempts.may_go_on(reached):
            self._fail(asked, f"lost {LOSSES + 1} times without getting on, at last: {why}")
            return
        if out_of_memory and asked is None:
            batch = max(spec.train.batch for spec in self.job.specs)
            self.job = self.job.model_copy(update={"execution": smaller(self.job.execution, batch)})
        # A word of the lost attempt about itself would be taken for one of the next.
        self.session = uuid.uuid4().hex[:8] if asked is None else self.session
        kept: dict = {key: before[key] for key in ("step", "loss", "images_per_s") if key in before}
        if asked is not None:
            kept["lost_s"] = spent_s(before)
        place.write_state("preempted", why, last_seen=before.get("heartbeat"), **kept)
        if asked is None:
            self._train()
        else:
            self._evaluate(asked)

    def _fail(self, asked: Evaluation | None, why: str) -> None:
        place = self._place(asked)
        before = place.state()
        if before["state"] != "failed":  # it ended before it could say so itself
            kept = {"step": asked.step, "lost_s": spent_s(before)} if asked else {}
            place.write_state("failed", why, last_seen=before.get("heartbeat"), **kept)
        if asked is not None:
            self.failed = f"evaluation at step {asked.step} failed: {place.state()['why']}"

    def cleanup(self) -> None:
        for ref in [self.training, *self.evaluations]:
            if ref is not None:
                ray.cancel(ref, force=True)
