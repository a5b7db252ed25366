"""How do batches reach the device in time? Threads make them before the step needs them.

Each batch is a pure function of (seed, step). Which thread makes it, and how far ahead, decides
when it is ready but never what is in it. On a GPU the copy and the draw from the posterior run on a
stream of their own, beside the step's.
"""

import contextlib
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue

import torch
from torch import Tensor

from scaling.data.images import Images
from scaling.data.order import batch_indices

AHEAD = 8  # at most so many batches are made before they are needed
ASKED = 4  # batches ordered at once: waking a thread costs a step more than anything else here
THREADS = 4  # they wait for disks, copy memory and draw, all without holding Python's lock


class Loader:
    """The training batches of ``images`` for any step, on ``device``.

    If workers share each batch, ``part`` is this worker's share of it.
    """

    def __init__(
        self,
        images: Images,
        batch: int,
        seed: int,
        device: torch.device | str = "cpu",
        part: slice = slice(None),
    ):
        self.device = torch.device(device)
        stream = torch.cuda.Stream(self.device) if self.device.type == "cuda" else None
        self._batches = _Batches(images, batch, seed, self.device, part, stream)
        self._ahead = stream is not None or not images.in_memory
        self._readers: _Readers | None = None

    def step(self, step: int) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) float32 and labels (B,) of step ``step`` (from 0).

        Steps taken in order are made ahead. An error in making this batch is raised here.
        """
        if not self._ahead:
            return self._batches.make(step)[:2]
        if self._readers is None or self._readers.next != step:
            self._readers = _Readers(self._batches.make, step)
        images, labels, made = self._readers.take()
        if made is not None:
            now = torch.cuda.current_stream(self.device)
            now.wait_event(made)
            images.record_stream(now)
            labels.record_stream(now)
        return images, labels


@dataclass(frozen=True)
class _Batches:
    images: Images
    batch: int
    seed: int
    device: torch.device
    part: slice
    stream: "torch.cuda.Stream | None"

    def make(self, step: int) -> tuple[Tensor, Tensor, "torch.cuda.Event | None"]:
        """Images, labels, and on a GPU the event after which they are ready."""
        rows = batch_indices(len(self.images), self.batch, self.seed, step)
        flipped = self.images.flips(self.batch, (self.seed, step))
        rows, flipped = rows[self.part], flipped[self.part]
        stored, labels = self.images.read(rows, flipped), self.images.labels[rows]
        if self.stream is None:
            return self._finished(stored, rows, step), labels, None
        with torch.cuda.stream(self.stream):
            images = self._finished(
                stored.pin_memory().to(self.device, non_blocking=True), rows, step
            )
            return images, labels.to(self.device), self.stream.record_event()

    def _finished(self, stored: Tensor, rows: Tensor, step: int) -> Tensor:
        # Drawn for the whole batch, then split among the workers.
        noise = self.images.noise((self.seed, step), self.batch, rows, self.device)
        return self.images.finish(stored, None if noise is None else noise[self.part])


class _Readers:
    """Threads that make the batches from step ``next`` on, in order, at most AHEAD in advance."""

    def __init__(self, make: Callable[[int], tuple], first: int):
        self.next = first
        # SimpleQueue is written in C, and each step has its own slot, so taking a batch costs the
        # step only microseconds.
        self._wanted, self._made = SimpleQueue(), [SimpleQueue() for _ in range(AHEAD)]
        for step in range(first, first - first % ASKED + AHEAD):
            self._wanted.put(step)
        threads = [
            threading.Thread(
                target=_read, args=(make, self._wanted, self._made), daemon=True, name="loader"
            )
            for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        weakref.finalize(self, _stop, self._wanted, threads)  # also runs when the interpreter exits

    def take(self) -> tuple:
        batch = self._made[self.next % AHEAD].get()
        self.next += 1
        if self.next % ASKED == 0:
            for step in range(self.next - ASKED, self.next):
                self._wanted.put(step + AHEAD)
        if isinstance(batch, Exception):
            raise batch
        return batch


def _read(make: Callable[[int], tuple], wanted: SimpleQueue, made: list[SimpleQueue]) -> None:
    while (step := wanted.get()) is not None:
        try:
            batch = make(step)
        except Exception as error:
            batch = error  # raised in the step that takes it
        made[step % AHEAD].put(batch)


def _stop(wanted: SimpleQueue, threads: list[threading.Thread]) -> None:
    """Tell the threads to end, and wait until they have finished what they are doing.

    None may be in torch's code when the interpreter exits.
    """
    with contextlib.suppress(Empty):
        while True:
            wanted.get_nowait()
    for _ in threads:
        wanted.put(None)
    for thread in threads:
        if thread is not threading.current_thread():  # garbage collection may run on one of them
            thread.join()
