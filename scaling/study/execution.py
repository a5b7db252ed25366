"""How is a training carried out? Placement and memory, which are provenance and not identity."""

from typing import Literal

from pydantic import Field

from scaling.study.specs.identity import Spec


class Execution(Spec):
    """Settings that change where and how fast a training runs, and its result only by rounding."""

    workers: int = Field(1, ge=1, le=100_000)  # processes that share each batch, one per GPU
    # with several workers: each holds a copy of the weights (ddp) or a shard of them (fsdp)
    parallel: Literal["ddp", "fsdp"] = "ddp"
    # images that a worker processes at once; null: its whole share of the batch
    micro_batch: int | None = Field(None, ge=1, le=2**20)
    compile: bool = False  # torch.compile, one graph
    # recompute each block's activations in the backward pass
    activation_checkpointing: bool = False

    def check_batch(self, batch: int) -> None:
        """ValueError for a batch that the workers cannot share equally."""
        if batch % self.workers:
            raise ValueError(
                f"a batch of {batch} images does not divide among {self.workers} workers; "
                "choose a --workers-per-trial that divides it"
            )
