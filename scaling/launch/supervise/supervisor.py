"""Watches the process that drives Ray, ends what hangs, and begins again on what is left."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from scaling.launch.cluster import Cluster
from scaling.launch.supervise import processes
from scaling.launch.supervise.limits import LOSSES, START_S, limits
from scaling.launch.supervise.order import Order
from scaling.launch.tokens import OPEN

LOOK_S = 1.0  # between two looks at the driver's processes
END_S = 24.0  # for a driver to end in order: half a minute is what Slurm and Kubernetes give

OnProgress = Callable[[str, dict], None]  # train_id, the latest state, step, loss, ...


class Lost(Exception):
    """Ray, or the process that drives it, is gone or hangs; the message says which."""


class Stopped(Exception):
    """Somebody asked the sweep to end."""


def _nobody_asks() -> bool:
    return False


class Driver:
    """A process that drives Ray, with all that it started. It leads a session of its own."""

    def __init__(self, order: Order):
        self.limits = limits()
        self._said = tempfile.TemporaryFile()
        read, write = os.pipe()
        with os.fdopen(write, "wb"):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "scaling.launch.supervise.driver", str(write)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._said,
                pass_fds=[write],
                env={**os.environ, processes.DRIVER: str(os.getpid())},
                start_new_session=True,
            )
        self._messages: queue.Queue[dict | None] = queue.Queue()
        threading.Thread(target=self._read, args=[read], daemon=True, name="driver").start()
        with contextlib.suppress(BrokenPipeError):
            assert self.process.stdin is not None
            self.process.stdin.write(order.model_dump_json().encode() + b"\n")
            self.process.stdin.flush()
        self.local = False
        self.asked: Callable[[], bool] = _nobody_asks  # whether the sweep is to end
        self._stopped = processes.Stopped(self.limits.stopped_after_s)
        self._seen: set[str] = set()

    def go(self) -> None:
        """Have it run its jobs."""
        with contextlib.suppress(BrokenPipeError):  # its end is seen in its messages
            assert self.process.stdin is not None
            self.process.stdin.write(b"\n")
            self.process.stdin.flush()

    def _read(self, read: int) -> None:
        with os.fdopen(read, "rb") as lines:
            for text in lines:
                self._messages.put(json.loads(text))
        self._messages.put(None)

    def messages(self) -> Iterator[dict]:
        """What the driver tells. Lost where it ends unbidden, is silent for too long, or lacks a
        process that it needs.
        """
        # It is silent while Ray starts, and until the first trial has begun.
        silent_since, patience = time.monotonic(), START_S
        looked = 0.0
        while True:
            if time.monotonic() - looked > LOOK_S:
                looked = time.monotonic()
                if self.asked():
                    raise Stopped
                self._look()
            try:
                message = self._messages.get(timeout=LOOK_S)
            except queue.Empty:
                if time.monotonic() - silent_since > patience:
                    raise Lost(f"Ray has not answered for {patience:.0f} s") from None
                continue
            if message is None:
                raise Lost(f"the process that drives Ray ended: {self._last_words()}")
            if message["kind"] == "result":
                patience = self.limits.hung_after_s
            silent_since = time.monotonic()
            yield message

    def _look(self) -> None:
        """End what was stopped for too long, and miss what is gone."""
        if not self.local:
            return
        ours = processes.of_session(self.process.pid)
        self._stopped.end(ours)
        there = processes.needed(ours)
        for name in self._seen - there:
            raise Lost(f"{processes.NEEDED[name]} ended")
        self._seen |= there

    def _last_words(self) -> str:
        self.process.wait()
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        code = self.process.returncode
        return f"exit code {code}" + (f", {lines[-1]}" if lines else "")

    def end(self, in_order: bool) -> None:
        """End the driver and every process that it started. ``in_order`` lets Ray shut down."""
        if in_order:
            with contextlib.suppress(OSError):
                assert self.process.stdin is not None
                self.process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=END_S)
        processes.end_session(self.process.pid)
        self.process.wait()
        self._said.close()


class Supervisor:
    """The jobs of ``order`` on their way. ``say`` is told each loss."""

    def __init__(self, order: Order, say: Callable[[str], None]):
        self.order, self.left, self.say = order, order, say
        self._driver: Driver | None = None
        self._warned = False  # of a cluster that anyone may use
        self._steps: dict[str, tuple] = {}  # how far each training has been seen

    def begin(self) -> Cluster:
        """Start a driver; returns the cluster to which it is connected. Nothing runs on it before
        ``follow``. ValueError for what the cluster cannot do. RuntimeError where it was lost too
        often.
        """
        processes.end_orphans()
        for attempt in range(LOSSES):
            try:
                return self._begin()
            except Lost as loss:
                self.end(in_order=False)
                reason = loss
                self.say(f"{reason}; tried again ({attempt + 1} of {LOSSES})")
        raise RuntimeError(f"Ray does not start: {reason}")

    def again(self, train_ids: Iterable[str]) -> None:
        """Take up trainings that have ended, as ``begin`` and ``follow`` do."""
        self.left = self.order.only(train_ids)
        self.begin()

    def _begin(self) -> Cluster:
        self._driver = Driver(self.left)
        self._messages = self._driver.messages()
        message = next(self._messages)
        if message.pop("kind") == "refused":
            raise ValueError(message["why"])
        self._driver.local = message["local"]
        there = Cluster(**message)
        if not there.token and not self._warned:
            self._warned = True
            self.say(OPEN)
        return there

    def follow(
        self, on_progress: OnProgress, asked: Callable[[], bool] = _nobody_asks
    ) -> str | None:
        """Follow the jobs until all have ended. Returns why not, where Ray was lost too often.

        Raises Stopped once ``asked`` says that the sweep is to end; it is looked up every second.
        """
        losses = 0
        while True:
            try:
                assert self._driver is not None  # begin() made it
                self._driver.asked = asked
                self._driver.go()
                for message in self._messages:
                    if message["kind"] == "ended":
                        break
                    if message["kind"] == "refused":
                        return message["why"]
                    train_id, result = message["train_id"], message["result"]
                    losses *= not self._got_on(train_id, result)
                    if result.get("done"):
                        self.left = self.left.without(train_id)
                    on_progress(train_id, result)
                self.end(in_order=True)
                reason = "trials were lost with their processes"
            except Lost as loss:
                self.end(in_order=False)
                reason = str(loss)
            if not self.left.jobs:
                return None
            losses += 1
            if losses > LOSSES:
                return f"{reason}; given up after {LOSSES} times without progress in between"
            self.say(f"{reason}; begun again on what is left")
            try:
                self.begin()
            except (ValueError, RuntimeError) as error:
                return f"{reason}; {error}"

    def _got_on(self, train_id: str, result: dict) -> bool:
        """Whether the training is further than it was ever seen."""
        now = (result.get("step") or 0, bool(result.get("done")))
        before = self._steps.setdefault(train_id, now)
        self._steps[train_id] = max(before, now)
        return now > before

    def end(self, in_order: bool) -> None:
        if self._driver is not None:
            self._driver.end(in_order)
            self._driver = None


@contextlib.contextmanager
def supervised(order: Order, say: Callable[[str], None]) -> Iterator[Supervisor]:
    """A Supervisor whose processes end with the block."""
    supervisor = Supervisor(order, say)
    try:
        yield supervisor
    finally:
        supervisor.end(in_order=True)
