"""How does a batch become gradients? In micro-batches that fit into memory."""

import contextlib
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from scaling.data import stream
from scaling.models.drawing import drawing
from scaling.models.precision import autocast
from scaling.models.shared_batches import over_the_batch
from scaling.study.families.outside.source import is_outside
from scaling.training.workers import OutOfMemory

if TYPE_CHECKING:
    from scaling.training.loop import Trainer


def gradients(trainer: "Trainer", x0: Tensor, time: Tensor, noise: Tensor, y: Tensor) -> Tensor:
    """Accumulate the gradients of the mean loss over micro-batches; returns that loss.

    ``x0`` and ``noise`` (B, ...), ``time`` and labels ``y`` (B,) are this worker's share of the
    batch. If memory runs out, the micro-batch is halved and the step starts again. OutOfMemory
    where several workers must start again together; torch's own where the batch cannot be parted.
    """
    while True:
        try:
            with _drawing(trainer):
                return accumulate(trainer, x0, time, noise, y)
        except torch.OutOfMemoryError as error:
            # Of a part of it, such a network would learn something else than was asked.
            if trainer.micro_batch == 1 or over_the_batch(trainer.model):
                raise
            half = (trainer.micro_batch + 1) // 2
            event = {
                "step": trainer.step + 1,
                "micro_batch": trainer.micro_batch,
                "went_on_with": half,
            }
            if trainer.workers.size > 1:
                raise OutOfMemory({**event, "worker": trainer.workers.rank}) from error
        trainer.optimiser.zero_grad(set_to_none=True)
        trainer.out_of_memory.append(event)
        trainer.micro_batch = half
        if trainer.device.type == "cuda":
            torch.cuda.empty_cache()


def _drawing(trainer: "Trainer") -> contextlib.AbstractContextManager:
    """Within it, what a user's network draws is that of the step; the suite's own draw nothing.

    Each worker draws for its own part, so dropout depends on how many there are.
    """
    spec, workers = trainer.spec, trainer.workers
    if not is_outside(type(spec.model)):
        return contextlib.nullcontext()
    key = ("network", spec.train.seed_of("noise"), trainer.step, workers.rank)
    return drawing(stream(*key), trainer.device)


def accumulate(trainer: "Trainer", x0: Tensor, time: Tensor, noise: Tensor, y: Tensor) -> Tensor:
    """As ``gradients``, once, in micro-batches of the present size."""
    total = None
    for start in range(0, len(y), trainer.micro_batch):
        rows = slice(start, min(start + trainer.micro_batch, len(y)))
        with trainer.workers.accumulating(trainer.network, more=rows.stop < len(y)):
            x_t = trainer.process.q_sample(x0[rows], time[rows], noise[rows])
            with autocast(trainer.spec.train.precision, trainer.device):
                out = trainer.network(x_t, trainer.process.told(time[rows]), y[rows])
            losses = trainer.process.losses(out.float(), x0[rows], x_t, time[rows], noise[rows])
            loss = trainer.process.weighted(losses, time[rows]).mean()
            if rows.stop - rows.start < len(y):
                loss = loss * ((rows.stop - rows.start) / len(y))
            loss.backward()
        total = loss.detach() if total is None else total + loss.detach()
    return total
