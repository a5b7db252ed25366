"""How is a training carried out? Placement and memory, which are provenance and not identity."""

from typing import Literal

from pydantic import Field

from scaling.study.specs.identity import Spec


class Execution(Spec):
    """Settings that change where and how fast a training runs, and its result only by rounding."""

    workers: int = Field(1, ge=1, le=100_000)  # processes that share each batch, one per GPU
    # with how few a training goes on where places are lacking; null: with none less
    min_workers: int | None = Field(None, ge=1, le=100_000)
    # with several workers: each holds a copy of the weights (ddp) or a shard of them (fsdp)
    parallel: Literal["ddp", "fsdp"] = "ddp"
    # images that a worker processes at once; null: its whole share of the batch
    micro_batch: int | None = Field(None, ge=1, le=2**20)
    compile: bool = False  # torch.compile, one graph
    # recompute each block's activations in the backward pass
    activation_checkpointing: bool = False

    def counts(self, batch: int) -> tuple[int, ...]:
        """The numbers of workers with which a training may go on, the fewest first: those of its
        range that share a ``batch`` equally, and ``workers``.
        """
        fewest = self.min_workers or self.workers
        return (*(n for n in range(fewest, self.workers) if batch % n == 0), self.workers)

    def check_range(self) -> None:
        """ValueError for a range of workers that is none."""
        if self.min_workers is None:
            return
        if self.workers == 1:
            raise ValueError(
                f"--min-workers-per-trial {self.min_workers} with one worker per trial; say with "
                "--workers-per-trial how many are wanted, or leave it out"
            )
        if self.min_workers > self.workers:
            raise ValueError(
                f"--min-workers-per-trial {self.min_workers} is more than --workers-per-trial "
                f"{self.workers}; it says with how few a trial goes on"
            )

    def check_batch(self, batch: int) -> None:
        """ValueError for a batch that the workers, or the fewest of them, cannot share equally."""
        for count, option in (
            (self.workers, "--workers-per-trial"),
            (self.min_workers or 1, "--min-workers-per-trial"),
        ):
            if batch % count:
                raise ValueError(
                    f"a batch of {batch} images does not divide among {count} workers; "
                    f"choose a {option} that divides it"
                )
