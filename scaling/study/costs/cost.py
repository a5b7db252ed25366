"""What does a network cost? Parameters, multiply-accumulates and FLOPs, without torch.

The DiT paper's "Gflops" are 1e9 multiply-accumulates (MACs) of one forward pass on one image.
Matrix products and convolutions count; norms and elementwise work count as zero.
``scaling.models.counting.count`` measures the same with fvcore, and a model for which the two
differ is refused. A family that gives no layers is priced by fvcore's count alone.
``scaling.study.costs.memory`` prices memory.
"""

import functools

from scaling.study.costs import layers
from scaling.study.network import Network
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.timesteps import evaluated_at, guided_at

FLOPS_PER_MAC = 2
H100_PEAK_FLOPS = 989.4e12  # per second, dense bf16 (NVIDIA's data sheet of the H100 SXM)
SECONDS_PER_HOUR = 3600
FORWARDS_PER_STEP = 3  # the backward pass costs two forwards (DiT section 4, "training compute")


@functools.lru_cache(10_000)
def forward_macs(m: Network) -> int:
    """Multiply-accumulates of one forward pass on one image."""
    parts = m.layers()
    return _counted(m)[1] if parts is None else layers.macs(parts)


def forward_gmacs(m: Network) -> float:
    """The paper's "Gflops": 118.6 for DiT-XL/2 at 256 px."""
    return forward_macs(m) / 1e9


def train_flops(m: Network, images: int) -> float:
    """FLOPs of training on ``images`` images: 2 per MAC, 3 forward passes per step."""
    return float(FLOPS_PER_MAC * FORWARDS_PER_STEP * forward_macs(m) * images)


def sampling_gmacs(m: Network, diffusion: DiffusionSpec, protocol: Protocol) -> float:
    """1e9 multiply-accumulates to sample one image.

    A guided evaluation counts as two forward passes, and a step of Heun's method as two
    evaluations. Without guidance this is the sampling compute of DiT's Figure 10. The decoder of a
    latent model is not included.
    """
    guided = [
        guided_at(t, protocol.guidance, protocol.guidance_interval)
        for t in evaluated_at(diffusion, protocol)
    ]
    forwards = len(guided) + sum(guided)
    return forwards * forward_gmacs(m)


def evaluation_flops(m: Network, diffusion: DiffusionSpec, protocol: Protocol) -> float:
    """FLOPs of drawing the samples of one evaluation, without decoder and feature extractor."""
    return float(FLOPS_PER_MAC * 1e9 * sampling_gmacs(m, diffusion, protocol) * protocol.samples)


@functools.lru_cache(10_000)
def params(m: Network) -> int:
    """Trainable parameters; a fixed position table is not counted."""
    parts = m.layers()
    return _counted(m)[0] if parts is None else layers.params(parts)


def _counted(m: Network) -> tuple[int, int]:
    """What the family counts. ValueError where that is no pair of whole numbers."""
    counts = m.counted()
    if isinstance(counts, tuple) and len(counts) == 2 and all(isinstance(c, int) for c in counts):
        return counts
    raise ValueError(f"counted() of the family {m.family!r} is {counts!r}, not (params, macs)")


def params_m(m: Network) -> float:
    """Trainable parameters in millions."""
    return params(m) / 1e6


def gpu_hours(flops: float, mfu: float, peak_flops: float = H100_PEAK_FLOPS) -> float:
    """Hours that one GPU needs for ``flops`` at a model FLOPs utilisation of ``mfu``."""
    return flops / (mfu * peak_flops * SECONDS_PER_HOUR)
