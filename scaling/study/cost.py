"""What does a model cost? Closed forms for multiply-accumulates and FLOPs, without torch.

The DiT paper's "Gflops" are 1e9 multiply-accumulates (MACs) of one forward pass on one image. Matrix products and
convolutions count; norms and elementwise work count zero. ``scaling.models.count`` measures the same with fvcore, and
a test holds the two together.
"""

from scaling.study.spec import ModelSpec

FREQUENCIES = 256      # sinusoidal features of the timestep, before its MLP
FLOPS_PER_MAC = 2
FORWARDS_PER_STEP = 3  # the backward pass costs two forwards (DiT section 4, "training compute")


def forward_macs(m: ModelSpec) -> int:
    """Multiply-accumulates of one forward pass on one image."""
    T, d, N = m.tokens, m.width, m.depth
    hidden = int(d * m.mlp_ratio)
    patch_in = T * m.channels * m.patch**2 * d
    timestep = FREQUENCIES * d + d * d
    block = T * (4 * d * d + 2 * d * hidden) + 2 * T * T * d + 6 * d * d  # linears, both attention products, adaLN
    head = 2 * d * d + T * d * m.patch**2 * m.out_channels
    return patch_in + timestep + N * block + head


def forward_gmacs(m: ModelSpec) -> float:
    """The paper's "Gflops": 118.6 for DiT-XL/2 at 256 px."""
    return forward_macs(m) / 1e9


def train_flops(m: ModelSpec, images: int) -> float:
    """Floating-point operations of training on ``images`` images: 2 per MAC, 3 forwards per step."""
    return float(FLOPS_PER_MAC * FORWARDS_PER_STEP * forward_macs(m) * images)


def params(m: ModelSpec) -> int:
    """Trainable parameters; the fixed position table is not among them."""
    d, N, K = m.width, m.depth, m.num_classes
    hidden = int(d * m.mlp_ratio)
    linear = lambda i, o: i * o + o  # noqa: E731
    embedders = linear(m.channels * m.patch**2, d) + linear(FREQUENCIES, d) + linear(d, d) + (K + 1) * d
    block = linear(d, 3 * d) + linear(d, d) + linear(d, hidden) + linear(hidden, d) + linear(d, 6 * d)
    return embedders + N * block + linear(d, 2 * d) + linear(d, m.patch**2 * m.out_channels)


def params_m(m: ModelSpec) -> float:
    """Trainable parameters in millions."""
    return params(m) / 1e6
