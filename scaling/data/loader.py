"""How do batches reach the device in time? Read ahead by threads, each batch a pure function of (seed, step).

Which thread reads a batch, and how far ahead, changes when it is ready and never what is in it.
"""

from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from scaling.data.images import Images
from scaling.data.order import batch_indices

AHEAD = 8    # batches read before they are asked for
THREADS = 4  # that read them; they wait for disks and copy memory, both without Python's lock


class Loader:
    """The training batches of ``images`` for any step, on ``device``; ``part`` of each batch only, where workers share it."""

    def __init__(self, images: Images, batch: int, seed: int, device: torch.device | str = "cpu",
                 part: slice = slice(None)):
        self.images, self.batch, self.seed, self.part = images, batch, seed, part
        self.device = torch.device(device)
        self._reading: dict[int, Future] = {}
        self._pool = None if images.in_memory else ThreadPoolExecutor(THREADS, thread_name_prefix="loader")

    def step(self, step: int) -> tuple[Tensor, Tensor]:
        """Images (B, C, H, W) float32 and labels (B,) of step ``step`` (from 0). Steps in order are read ahead."""
        if self._pool is None:
            rows, stored = self._read(step)
        else:
            wanted = range(step, step + AHEAD)
            for gone in self._reading.keys() - set(wanted):
                self._reading.pop(gone).cancel()
            for ahead in wanted:
                if ahead not in self._reading:
                    self._reading[ahead] = self._pool.submit(self._read, ahead)
            rows, stored = self._reading.pop(step).result()
        noise = self.images.noise((self.seed, step), self.batch, rows, self.device)  # of the whole batch, then shared out
        images = self.images.finish(stored.to(self.device, non_blocking=True), None if noise is None else noise[self.part])
        return images, self.images.labels[rows].to(self.device, non_blocking=True)

    def _read(self, step: int) -> tuple[Tensor, Tensor]:
        rows = batch_indices(len(self.images), self.batch, self.seed, step)
        flipped = self.images.flips(self.batch, (self.seed, step))
        stored = self.images.read(rows[self.part], flipped[self.part])
        return rows[self.part], stored.pin_memory() if self.device.type == "cuda" else stored
