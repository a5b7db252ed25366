"""What does a model cost? Closed forms for parameters, multiply-accumulates and FLOPs, without
torch.

The DiT paper's "Gflops" are 1e9 multiply-accumulates (MACs) of one forward pass on one image.
Matrix products and convolutions count; norms and elementwise work count zero.
``scaling.models.count`` measures the same with fvcore, and a test holds the two together. Memory is
priced in ``scaling.study.memory``.

The three conditionings the authors did not release are built so that these forms meet their
published figures (DiT Table 4): no norm has weights, and in-context and cross-attention end in a
norm that is not adaptive.
"""

import functools

from scaling.study.protocol import Protocol
from scaling.study.spec import DiffusionSpec, ModelSpec
from scaling.study.timesteps import evaluated_at, guided_at

FREQUENCIES = 256  # sinusoidal features of the timestep, before its MLP
# conditioning tokens, in context or attended to: one for the timestep, one for the label
CONTEXT = 2
FLOPS_PER_MAC = 2
H100_PEAK_FLOPS = 989.4e12  # a second, dense bf16 (NVIDIA's data sheet of the H100 SXM)
SECONDS_PER_HOUR = 3600
FORWARDS_PER_STEP = 3  # the backward pass costs two forwards (DiT section 4, "training compute")

# vectors per block
MODULATIONS = {"adaln-zero": 6, "adaln": 4, "cross-attention": 0, "in-context": 0}
# of the last norm
FINAL_MODULATIONS = {"adaln-zero": 2, "adaln": 2, "cross-attention": 0, "in-context": 0}


def hidden(m: ModelSpec) -> int:
    """Channels inside the MLP."""
    return int(m.width * m.mlp_ratio)


def sequence(m: ModelSpec) -> int:
    """Tokens that pass through the blocks: the image's, and the conditioning's where it is in
    context.
    """
    return m.tokens + (CONTEXT if m.conditioning == "in-context" else 0)


def block_macs(m: ModelSpec) -> int:
    """Multiply-accumulates of one block on one image."""
    T, d = sequence(m), m.width
    macs = T * (4 * d * d + 2 * d * hidden(m)) + 2 * T * T * d  # linears, both attention products
    if m.conditioning == "cross-attention":
        # q and output, k and v, both products
        macs += 2 * T * d * d + 2 * CONTEXT * d * d + 2 * T * CONTEXT * d
    return macs + MODULATIONS[m.conditioning] * d * d


@functools.lru_cache(1000)
def forward_macs(m: ModelSpec) -> int:
    """Multiply-accumulates of one forward pass on one image."""
    T, d = m.tokens, m.width
    embedders = T * m.channels * m.patch**2 * d + FREQUENCIES * d + d * d
    head = FINAL_MODULATIONS[m.conditioning] * d * d + T * d * m.patch**2 * m.out_channels
    return embedders + m.depth * block_macs(m) + head


def forward_gmacs(m: ModelSpec) -> float:
    """The paper's "Gflops": 118.6 for DiT-XL/2 at 256 px."""
    return forward_macs(m) / 1e9


def train_flops(m: ModelSpec, images: int) -> float:
    """Floating-point operations of training on ``images`` images: 2 per MAC, 3 forwards per
    step.
    """
    return float(FLOPS_PER_MAC * FORWARDS_PER_STEP * forward_macs(m) * images)


def sampling_gmacs(m: ModelSpec, diffusion: DiffusionSpec, protocol: Protocol) -> float:
    """1e9 multiply-accumulates to sample one image: two forwards where guided, two evaluations a
    step of Heun's.

    Sampling compute of DiT's Figure 10 without guidance; a latent's decoder is not in it.
    """
    guided = [
        guided_at(t, protocol.guidance, protocol.guidance_interval)
        for t in evaluated_at(diffusion, protocol)
    ]
    forwards = len(guided) + sum(guided)
    return forwards * forward_gmacs(m)


def evaluation_flops(m: ModelSpec, diffusion: DiffusionSpec, protocol: Protocol) -> float:
    """Floating-point operations of sampling one evaluation; decoder and feature extractor are not
    in it.
    """
    return float(FLOPS_PER_MAC * 1e9 * sampling_gmacs(m, diffusion, protocol) * protocol.samples)


def linear(inputs: int, outputs: int) -> int:
    """Parameters of a linear with bias."""
    return inputs * outputs + outputs


def block_params(m: ModelSpec) -> int:
    """Trainable parameters of one block."""
    d = m.width
    params = linear(d, 3 * d) + linear(d, d) + linear(d, hidden(m)) + linear(hidden(m), d)
    if m.conditioning == "cross-attention":
        params += linear(d, d) + linear(d, 2 * d) + linear(d, d)
    modulations = MODULATIONS[m.conditioning]
    return params + (linear(d, modulations * d) if modulations else 0)


def params(m: ModelSpec) -> int:
    """Trainable parameters; the fixed position table is not among them."""
    d, modulations = m.width, FINAL_MODULATIONS[m.conditioning]
    embedders = (
        linear(m.channels * m.patch**2, d)
        + linear(FREQUENCIES, d)
        + linear(d, d)
        + (m.num_classes + 1) * d
    )
    head = (linear(d, modulations * d) if modulations else 0) + linear(
        d, m.patch**2 * m.out_channels
    )
    return embedders + m.depth * block_params(m) + head


def params_m(m: ModelSpec) -> float:
    """Trainable parameters in millions."""
    return params(m) / 1e6


def gpu_hours(flops: float, mfu: float, peak_flops: float = H100_PEAK_FLOPS) -> float:
    """Hours of one GPU for ``flops`` at a model FLOPs utilisation of ``mfu``."""
    return flops / (mfu * peak_flops * SECONDS_PER_HOUR)
