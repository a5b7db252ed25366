"""Who else works on this training? Nobody, or workers that share each batch, and copy (DDP) or
share (FSDP2) the weights.
"""

import contextlib
from collections.abc import Callable, Iterable

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from scaling.study.execution import Execution


class OutOfMemory(RuntimeError):
    """One of several workers ran out of memory. It cannot halve its micro-batch alone: the others
    are past asking.
    """

    def __init__(self, told: dict):
        super().__init__(told)
        self.told = told  # step, micro_batch, went_on_with, worker

    def __str__(self) -> str:
        return (
            "worker {worker} out of memory at step {step} with {micro_batch} images at once".format(
                **self.told
            )
        )


def until_it_fits(attempt: Callable[[Execution, list[dict]], None], execution: Execution) -> None:
    """Have ``attempt`` start workers that train, anew with half the micro-batch each time it raises
    OutOfMemory.

    It is given how to carry the training out, and for the record each time that it was halved
    before.
    """
    told: list[dict] = []
    while True:
        try:
            return attempt(execution, told)
        except OutOfMemory as full:
            told = [*told, full.told]
            execution = execution.model_copy(update={"micro_batch": full.told["went_on_with"]})


class Workers:
    """The processes of one training, alike but for ``rank``; ``parallel`` None: this one alone.

    With "ddp" or "fsdp" torch.distributed is initialised already. All methods are collective: every
    worker calls them.
    """

    def __init__(self, parallel: str | None = None, out_of_memory: Iterable[dict] = ()):
        self.parallel = parallel
        self.out_of_memory = out_of_memory  # what ended those before them
        self.rank, self.size = (dist.get_rank(), dist.get_world_size()) if parallel else (0, 1)

    @property
    def lead(self) -> bool:
        """Whether this one writes the records."""
        return self.rank == 0

    def part(self, count: int) -> slice:
        """This worker's share of ``count`` rows; the last one's may be shorter, or empty."""
        share = -(-count // self.size)
        return slice(min(self.rank * share, count), min((self.rank + 1) * share, count))

    def spread(self, model: nn.Module, units: Iterable[nn.Module]) -> nn.Module:
        """The module to train through; under FSDP2 ``model`` itself, its parameters now shares.

        Under FSDP2 each of the ``units`` gathers and gives back its own parameters.
        """
        if self.parallel == "ddp":
            on_gpu = next(model.parameters()).is_cuda
            return DistributedDataParallel(
                model,
                broadcast_buffers=False,
                gradient_as_bucket_view=True,
                device_ids=[torch.cuda.current_device()] if on_gpu else None,
            )
        if self.parallel == "fsdp":
            for unit in units:
                fully_shard(unit)
            # The root too gives its weights back after each forward pass: averages are swapped in
            # between two.
            fully_shard(model, reshard_after_forward=True)
        return model

    def accumulating(self, network: nn.Module, more: bool):
        """Around a micro-batch: gradients are exchanged with the last one of a step, not where
        ``more`` follow.
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
        """What the lead's ``find()`` gives, on every worker; each waits for it, and only the lead
        looks.
        """
        if self.size == 1:
            return find()
        box = [find() if self.lead else None]
        dist.broadcast_object_list(box, src=0)
        return box[0]


def local(tensors: Iterable[Tensor]) -> list[Tensor]:
    """This worker's shares, in the memory of ``tensors``; tensors that are not shared out as they
    are.
    """
    return [t.detach().to_local() if isinstance(t, DTensor) else t.detach() for t in tensors]


def whole(share: Tensor, like: Tensor) -> Tensor:
    """The whole tensor on every worker of which ``share`` is this one's, laid out as ``like``."""
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
    """A whole tensor laid out as ``like``, each worker with its share."""
    if isinstance(like, DTensor):
        return distribute_tensor(tensor.to(like.device), like.device_mesh, like.placements)
    return tensor.to(like.device)
