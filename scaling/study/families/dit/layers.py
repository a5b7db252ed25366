"""What is a DiT made of, as data? Its layers, from which parameters, MACs and memory follow."""

from scaling.study.costs.layers import (
    Attention,
    Elementwise,
    Embedding,
    Layer,
    Linear,
    Norm,
    Parameter,
    Repeat,
)
from scaling.study.families.dit.designs import CONTEXT
from scaling.study.families.dit.spec import ModelSpec

FREQUENCIES = 256  # sinusoidal features of the timestep, before its MLP


def layers(m: ModelSpec) -> tuple[Layer, ...]:
    """All layers of ``m``, from the patches to the output."""
    T, d, design, head = m.tokens, m.width, m.design, m.wide_head
    pixels = m.patch_pixels
    embedders = (
        *_patches(m),
        *((Parameter(T * d, trained=False),) if m.has_position_table else ()),
        Linear(FREQUENCIES, d),
        Elementwise(d),  # the SiLU's input
        Linear(d, d),
        Embedding(m.num_classes + 1, d),
        Elementwise(CONTEXT * d),  # adaptive: the sum and its SiLU; otherwise both tokens
    )
    final = m if head is None else head
    # the conditioning of the last norm: one vector, or one for each token of a wide head
    conditions = 1 if head is None else T
    end = (
        *_norm(final, T, design.adaptive),
        *_modulation(final, design.final_modulations, conditions, gated=False),
        Linear(final.width, pixels * m.out_channels, T),
    )
    wide = () if head is None else _wide_head(m, head)
    return (*embedders, *_blocks(m), *wide, *end)


def _patches(m: ModelSpec) -> tuple[Layer, ...]:
    pixels = m.channels * m.patch_pixels
    if m.bottleneck is None:
        return (Linear(pixels, m.width, m.tokens),)
    return (
        Linear(pixels, m.bottleneck, m.tokens, bias=False),
        Linear(m.bottleneck, m.width, m.tokens),
    )


def _blocks(m: ModelSpec) -> tuple[Layer, ...]:
    """The blocks, of which those with class tokens have a longer sequence."""
    if not m.class_tokens:
        return (Repeat(m.depth, _block(m, m.sequence), m.sequence * m.width),)
    before, T, S = m.class_tokens_from, m.tokens, m.sequence
    short = (Repeat(before, _block(m, T), T * m.width),) if before else ()
    tokens = Parameter(m.class_tokens * m.width)
    return (*short, tokens, Repeat(m.depth - before, _block(m, S), S * m.width))


def _wide_head(m: ModelSpec, head: ModelSpec) -> tuple[Layer, ...]:
    """The image's patches again, and the tokens of the body as a conditioning for each."""
    T = m.tokens
    return (
        Linear(m.channels * m.patch_pixels, head.width, T, shares_input=True),
        Elementwise(T * m.width),  # the SiLU's input: time and token
        Linear(m.width, head.width, T),
        Elementwise(2 * T * head.width),  # the conditioning and its SiLU
        Repeat(head.depth, _block(head, T, conditions=T), T * head.width),
    )


def _block(m: ModelSpec, S: int, conditions: int = 1) -> tuple[Layer, ...]:
    """A block on ``S`` tokens; ``conditions`` is how many vectors its modulations follow from."""
    d, design = m.width, m.design
    gate = (Elementwise(S * d),) if design.gated else ()  # the branch's output
    cross = (
        *_norm(m, S, False),
        Linear(d, d, S),
        Linear(d, 2 * d, CONTEXT, shares_input=True),
        *_qk_norm(m, S, CONTEXT),
        Attention(S, CONTEXT, d, m.heads),
        Linear(d, d, S),
    )
    return (
        *_norm(m, S, design.adaptive),
        Linear(d, 3 * d, S),
        *_qk_norm(m, S, S),
        *_turned(m, S),
        Attention(S, S, d, m.heads),
        Linear(d, d, S),
        *gate,
        *(cross if design.attended else ()),
        *_norm(m, S, design.adaptive),
        *MLPS[m.mlp](m, S),
        *gate,
        *_modulation(m, design.modulations, conditions, design.gated),
    )


def _gelu(m: ModelSpec, S: int) -> tuple[Layer, ...]:
    return (
        Linear(m.width, m.hidden, S),
        Elementwise(S * m.hidden),  # the GELU's input
        Linear(m.hidden, m.width, S),
    )


def _swiglu(m: ModelSpec, S: int) -> tuple[Layer, ...]:
    return (
        Linear(m.width, 2 * m.hidden, S),
        Elementwise(S * 3 * m.hidden),  # both halves, and the SiLU of one
        Linear(m.hidden, m.width, S),
    )


MLPS = {"gelu": _gelu, "swiglu": _swiglu}


def _norm(m: ModelSpec, positions: int, adaptive: bool) -> tuple[Layer, ...]:
    """A norm and, if adaptive, the normed tokens that its modulation keeps."""
    modulated = (Elementwise(positions * m.width),) if adaptive else ()
    return (*NORMS[m.norm](m.width, positions), *modulated)


def _layer_norm(features: int, positions: int) -> tuple[Layer, ...]:
    return (Norm(features, positions),)


def _rms_norm(features: int, positions: int) -> tuple[Layer, ...]:
    """As torch does it on CPUs, where the normed numbers are kept too; a GPU keeps less."""
    return (Norm(features, positions, affine=True, bias=False), Elementwise(features * positions))


NORMS = {"layer": _layer_norm, "rms": _rms_norm}


def _qk_norm(m: ModelSpec, queries: int, keys: int) -> tuple[Layer, ...]:
    """Queries and keys are normed in each head; the scale is the same for all heads."""
    if not m.qk_norm:
        return ()
    channels = m.width // m.heads
    return (*_rms_norm(channels, queries * m.heads), *_rms_norm(channels, keys * m.heads))


def _turned(m: ModelSpec, S: int) -> tuple[Layer, ...]:
    """Turned queries and keys; the values hold on to those that were not, as to their tensor.

    Normed ones are not kept where they are turned, which makes it even.
    """
    return (Elementwise(2 * S * m.width),) if "rope" in m.positions and not m.qk_norm else ()


def _modulation(m: ModelSpec, vectors: int, conditions: int, gated: bool) -> tuple[Layer, ...]:
    """The linear that regresses ``vectors`` modulations from each of ``conditions``.

    1 + each scale is kept, and where there are gates, the linear's output.
    """
    if not vectors:
        return ()
    linear = Linear(m.width, vectors * m.width, conditions, shares_input=True)
    scales = vectors // (3 if gated else 2)
    return (linear, Elementwise(conditions * (vectors * gated + scales) * m.width))
