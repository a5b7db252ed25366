"""How much memory does training a model take? Closed forms in bytes, without torch.

In fp32 with AdamW and one EMA, gradients set to None between steps. A test holds these forms to
what torch's own profiler reports for a real step. Not priced: the loss, the batch itself, kernels'
scratch space and the allocator's fragmentation.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from scaling.study import cost
from scaling.study.spec import ModelSpec, TrialSpec

FP32 = 4  # bytes
ADAMW_MOMENTS = 2

# Tensors of (tokens, width) that a block keeps for its backward pass, the MLP's two of (tokens,
# hidden) apart. Every block: q, k, v, attention's output, and per branch its input and that normed.
# adaLN: the two modulated as well; adaLN-Zero: the two branches' outputs, for the gates;
# cross-attention: a third branch's input, norm, q and output.
KEPT = {"adaln-zero": 12, "adaln": 10, "cross-attention": 12, "in-context": 8}
NORMS = {"adaln-zero": 2, "adaln": 2, "cross-attention": 3, "in-context": 2}


class TrainingMemory(NamedTuple):
    """Bytes on one device."""

    weights: int  # with the fixed position table
    gradients: int
    optimiser: int  # AdamW's two moments
    ema: int
    activations: int  # kept between forward and backward, for the whole batch

    @property
    def peak(self) -> int:
        """The most held at once: activations are given up as gradients come, so of the two the
        larger counts.
        """
        return self.weights + self.optimiser + self.ema + max(self.gradients, self.activations)


# checkpoints besides those of evaluated steps: the newest, and one being written
NEWEST, WRITING = 2, 1


def checkpoint_bytes(kept: Mapping[TrialSpec, Iterable[int]]) -> int:
    """Bytes of all checkpoints that a training holds at once: weights, averages, two moments.

    ``kept`` are the trials that it serves, as their own training or as their trunk, each with the
    steps that stay for it.
    """
    steps = {step for of_trial in kept.values() for step in of_trial}
    averages = {
        e for spec in kept for e in (spec.evaluate.ema, *spec.train.emas) if e.kind != "none"
    }
    each = FP32 * cost.params(next(iter(kept)).model) * (1 + ADAMW_MOMENTS + len(averages))
    return each * (len(steps) + NEWEST + WRITING)


def block_activations(m: ModelSpec) -> int:
    """Numbers one block keeps per image."""
    T, d, modulations = cost.sequence(m), m.width, cost.MODULATIONS[m.conditioning]
    kept = T * (KEPT[m.conditioning] * d + 2 * cost.hidden(m))
    # attention's log-sum-exp; mean and deviation of each norm
    kept += T * (m.heads + 2 * NORMS[m.conditioning])
    if m.conditioning == "cross-attention":
        kept += 2 * cost.CONTEXT * d + T * m.heads  # k and v of the context; the second log-sum-exp
    # the modulation, and 1 + scale of both branches
    return kept + (modulations + 2) * d * bool(modulations)


def end_activations(m: ModelSpec) -> int:
    """Numbers kept per image by the embedders and the final layer."""
    T, d, adaptive = m.tokens, m.width, bool(cost.FINAL_MODULATIONS[m.conditioning])
    patches = T * m.channels * m.patch**2
    # features, MLP, sum and SiLU
    conditioning = cost.FREQUENCIES + (4 if adaptive else 2 + cost.CONTEXT) * d
    # input, norm, modulated; modulation
    final = T * ((3 if adaptive else 2) * d + 2) + (3 * d if adaptive else 0)
    return patches + conditioning + final


def training_memory(
    m: ModelSpec, batch: int, activation_checkpointing: bool = False
) -> TrainingMemory:
    """Bytes to train ``m`` with ``batch`` images on one device, in fp32 with AdamW and one EMA.

    With ``activation_checkpointing`` each block keeps its input alone, and one block at a time is
    computed again.
    """
    if batch < 1:
        raise ValueError(f"batch {batch} is not at least 1")
    if activation_checkpointing:
        blocks = m.depth * cost.sequence(m) * m.width + block_activations(m)
    else:
        blocks = m.depth * block_activations(m)
    params = cost.params(m)
    return TrainingMemory(
        weights=FP32 * (params + m.tokens * m.width),
        gradients=FP32 * params,
        optimiser=FP32 * ADAMW_MOMENTS * params,
        ema=FP32 * params,
        activations=FP32 * batch * (blocks + end_activations(m)),
    )
