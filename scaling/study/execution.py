"""How is a training carried out? Placement and memory: provenance in the record, never identity."""

from typing import Literal

from pydantic import Field

from scaling.study.identity import Spec


class Execution(Spec):
    """What changes how fast a training runs and where, and its result by rounding alone."""

    workers: int = Field(1, ge=1)  # processes that share each batch, one per GPU
    # several workers hold copies of the weights, or a share each
    parallel: Literal["ddp", "fsdp"] = "ddp"
    # images a worker computes at once; null: all of its share of the batch
    micro_batch: int | None = Field(None, ge=1)
    compile: bool = False  # torch.compile, one graph
    # each block's activations are computed again in the backward pass
    activation_checkpointing: bool = False

    def check_batch(self, batch: int) -> None:
        """ValueError for a batch that the workers cannot share equally."""
        if batch % self.workers:
            raise ValueError(
                f"a batch of {batch} images does not divide among {self.workers} workers; "
                "choose a --workers-per-trial that divides it"
            )
