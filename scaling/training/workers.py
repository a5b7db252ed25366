"""Which processes share this training? One alone, or workers that split each batch.

With DDP each worker holds a copy of the weights; with FSDP2 each holds a shard of them.
"""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from scaling.study.execution import Execution
from scaling.study.families.outside.source import is_outside


class OutOfMemory(RuntimeError):
    """One of several workers ran out of memory.

    It cannot halve its micro-batch alone, because the others have already gone on. ``event`` has
    step, micro_batch, went_on_with and worker.
    """

    def __init__(self, event: dict):
        super().__init__(event)
        self.event = event

    def __str__(self) -> str:
        return (
            "worker {worker} out of memory at step {step} with {micro_batch} images at once".format(
                **self.event
            )
        )


def until_it_fits(attempt: Callable[[Execution, list[dict]], None], execution: Execution) -> None:
    """Call ``attempt``, which starts workers that train, until it does not raise OutOfMemory.

    Each time it does, the micro-batch is halved. ``attempt`` receives the execution, and for the
    record every event so far.
    """
    events: list[dict] = []
    while True:
        try:
            return attempt(execution, events)
        except OutOfMemory as error:
            events = [*events, error.event]
            execution = execution.model_copy(update={"micro_batch": error.event["went_on_with"]})


class Workers:
    """The processes of one training, identical except for ``rank``.

    ``parallel`` is "ddp" or "fsdp", with torch.distributed already initialised, or None for this
    process alone. All methods are collective: every worker calls them.
    """

    def __init__(self, parallel: str | None = None, out_of_memory: Iterable[dict] = ()):
        self.parallel = parallel
        self.out_of_memory = out_of_memory  # the events that ended earlier attempts
        self.rank, self.size = (dist.get_rank(), dist.get_world_size()) if parallel else (0, 1)

    @property
    def lead(self) -> bool:
        """Whether this worker writes the records."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This worker's share of ``count`` rows; the last worker's may be shorter or empty."""
        share = -(-count // self.size)
        return slice(min(self.rank * share, count), min((self.rank + 1) * share, count))

    def spread(self, model: nn.Module, units: Iterable[nn.Module]) -> nn.Module:
        """The module to train with; under FSDP2 it is ``model`` itself, with sharded parameters.

        Under FSDP2 each of the ``units`` gathers and releases its own parameters.
        """
        if self.parallel == "ddp":
            on_gpu = next(model.parameters()).is_cuda
            return DistributedDataParallel(
                model,
                broadcast_buffers=False,
                gradient_as_bucket_view=True,
                find_unused_parameters=is_outside(type(model.spec)),  # which takes time
                device_ids=[torch.cuda.current_device()] if on_gpu else None,
            )
        if self.parallel == "fsdp":
            for unit in units:
                fully_shard(unit)
            # The root also releases its weights after each forward pass, because averages are
            # swapped in between passes.
            fully_shard(model, reshard_after_forward=True)
        return model

    def accumulating(self, network: nn.Module, more: bool):
        """A context for one micro-batch.

        Gradients are exchanged with the last micro-batch of a step, and not while ``more`` follow.
        """
        if self.parallel == "fsdp":
            network.set_requires_gradient_sync(not more)
        return network.no_sync() if self.parallel == "ddp" and more else contextlib.nullcontext()

    def mean(self, values: Tensor) -> Tensor:
        return self.sum(values) / self.size if self.size > 1 else values

    def sum(self, values: Tensor) -> Tensor:
        if self.size > 1:
            dist.all_reduce(values)
        return values

    def agree(self, find: Callable):
        """The result of the lead's ``find()``, on every worker.

        Only the lead calls it; the others wait for it.
        """
        if self.size == 1:
            return find()
        box = [find() if self.lead else None]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def gathered(self, value: Any) -> list:
        """Every worker's ``value``, in the order of their ranks, on every worker."""
        if self.size == 1:
            return [value]
        values = [None] * self.size
        dist.all_gather_object(values, value)
        return values


def local(tensors: Iterable[Tensor]) -> list[Tensor]:
    """This worker's shards, in the memory of ``tensors``; unsharded tensors as they are.

    Ask anew each time: up to torch 2.9 at least, FSDP2 moves a shard that is smaller than others
    to other memory at the first forward pass.
    """
    return [t.detach().to_local() if isinstance(t, DTensor) else t for t in tensors]


def whole(share: Tensor, like: Tensor) -> Tensor:
    """The whole tensor, on every worker, from this worker's ``share``, laid out as ``like``."""
    if isinstance(share, DTensor):
        return share.detach().full_tensor()
    if isinstance(like, DTensor):
        return DTensor.from_local(
            share.detach(),
            like.device_mesh,
            like.placements,
            shape=like.shape,
            stride=like.stride(),
        ).full_tensor()
    return share.detach()


def shared(tensor: Tensor, like: Tensor) -> Tensor:
    """A whole tensor laid out as ``like``, of which each worker holds its share."""
    if isinstance(like, DTensor):
        return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
    return tensor.to(like.device)
