"""How much memory does training a model take? Closed forms in bytes, without torch.

They assume fp32, AdamW, one EMA, and gradients set to None between steps. A test compares them with
what torch's own profiler reports for a real step. Not included: the loss, the batch itself, scratch
space of kernels, and fragmentation in the allocator.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scaling.study.costs import cost, layers
from scaling.study.network import Network
from scaling.study.specs.trial import TrialSpec

FP32 = 4  # bytes
ADAMW_MOMENTS = 2


class TrainingMemory(NamedTuple):
    """Bytes on one device."""

    weights: int  # including tensors that are not trained, such as a position table
    gradients: int
    optimiser: int  # AdamW's two moments
    ema: int
    activations: int  # kept between forward and backward, for the whole batch

    @property
    def peak(self) -> int:
        """The most that is held at once.

        Activations are freed as gradients are computed, so only the larger of the two counts.
        """
        return self.weights + self.optimiser + self.ema + max(self.gradients, self.activations)


# Checkpoints kept besides those of evaluated steps: the newest ones, and the one being written.
NEWEST, WRITING = 2, 1


def checkpoint_bytes(kept: Mapping[TrialSpec, Iterable[int]]) -> int:
    """Bytes of all checkpoints that a training holds at once: weights, averages, two moments.

    ``kept`` maps each trial that the training serves, as its own training or as its trunk, to the
    steps whose checkpoints stay for it.
    """
    steps = {step for of_trial in kept.values() for step in of_trial}
    averages = {
        e for spec in kept for e in (spec.evaluate.ema, *spec.train.emas) if e.kind != "none"
    }
    each = FP32 * cost.params(next(iter(kept)).model) * (1 + ADAMW_MOMENTS + len(averages))
    return each * (len(steps) + NEWEST + WRITING)


def training_memory(
    m: Network, batch: int, activation_checkpointing: bool = False
) -> TrainingMemory:
    """Bytes to train ``m`` with ``batch`` images on one device, in fp32 with AdamW and one EMA.

    With ``activation_checkpointing`` each block keeps only its input, and one block at a time is
    recomputed. ValueError for a batch below 1 or a family that gives no layers.
    """
    if batch < 1:
        raise ValueError(f"batch {batch} is not at least 1")
    parts = m.layers()
    if parts is None:
        raise ValueError(
            f"family {m.family!r} gives no layers, so its activations are not known; give it a "
            "layers() method"
        )
    params = cost.params(m)
    return TrainingMemory(
        weights=FP32 * (params + layers.fixed(parts)),
        gradients=FP32 * params,
        optimiser=FP32 * ADAMW_MOMENTS * params,
        ema=FP32 * params,
        activations=FP32 * batch * layers.kept(parts, activation_checkpointing),
    )
