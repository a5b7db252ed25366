"""Of which layers is an MM-DiT made? From them follow its parameters, MACs and memory."""

from scaling.study.costs.layers import (
    Attention,
    Elementwise,
    Layer,
    Linear,
    Norm,
    Parameter,
    Repeat,
)
from scaling.study.families.sd3 import MMDiT

FREQUENCIES = 256  # sinusoids of the time
MLP = 4  # hidden channels, times the width


def layers(m: MMDiT) -> tuple[Layer, ...]:
    T, S, d = m.tokens, m.text_tokens, m.width
    pixels = m.patch**2
    dual = min(m.dual_attention, m.depth - 1)  # of the blocks before the last
    counts = (
        (dual, _block(m, last=False, dual=True)),
        (m.depth - 1 - dual, _block(m, last=False)),
        (1, _block(m, last=True, dual=m.dual_attention == m.depth)),
    )
    blocks = [Repeat(count, block, (T + S + 1) * d) for count, block in counts]
    return (
        *m.condition_layers(m.pooled_width),
        Linear(m.channels * pixels, d, T),
        Parameter((m.table_side**2 if m.table_side else T) * d, trained=False),  # positions
        *(Linear(FREQUENCIES, d), Elementwise(d), Linear(d, d)),
        *(Linear(m.pooled_width, d), Elementwise(d), Linear(d, d)),
        Linear(m.text_width, d, S),
        Elementwise(d),  # the sum of both, which each block's SiLU keeps
        *(block for block in blocks if block.times),
        *_adaptive_norm(m, T, vectors=2),
        Linear(d, pixels * m.out_channels, T),
    )


def _block(m: MMDiT, last: bool, dual: bool = False) -> tuple[Layer, ...]:
    """In the last block nothing needs the text any more once the image has attended to it. With
    ``dual`` the image's tokens, modulated once more, attend to each other alone, too.
    """
    T, S, d = m.tokens, m.text_tokens, m.width
    text = () if last else (Linear(d, d, S), *_mlp(m, S))
    return (
        *_adaptive_norm(m, T, vectors=9 if dual else 6, scales=2 if dual else 1),
        *_adaptive_norm(m, S, vectors=2 if last else 6),
        Linear(d, 3 * d, T),
        Linear(d, 3 * d, S),
        *_qk_norm(m, T),
        *_qk_norm(m, S),
        Attention(T + S, T + S, d, m.heads),
        Elementwise((T + S) * d),  # its output, of which text and image each copy their part
        Linear(d, d, T),
        *(_second_attention(m) if dual else ()),
        *_mlp(m, T),
        *text,
    )


def _second_attention(m: MMDiT) -> tuple[Layer, ...]:
    T, d = m.tokens, m.width
    return (
        Linear(d, 3 * d, T),
        *_qk_norm(m, T),
        Attention(T, T, d, m.heads),
        Linear(d, d, T),
        Elementwise(T * d),  # its branch, which is gated
    )


def _qk_norm(m: MMDiT, positions: int) -> tuple[Layer, ...]:
    """Of queries and of keys, over each head; what is normed is kept, and the normed, too."""
    if not m.qk_norm:
        return ()
    places = positions * m.heads
    norm = Norm(m.head_width, places, affine=True, bias=False)
    return (norm, Elementwise(m.head_width * places)) * 2


def _adaptive_norm(m: MMDiT, positions: int, vectors: int, scales: int = 1) -> tuple[Layer, ...]:
    d = m.width
    modulation = (Linear(d, vectors * d), Elementwise((vectors + scales) * d))
    return (Norm(d, positions), Elementwise(positions * d), *modulation)


def _mlp(m: MMDiT, positions: int) -> tuple[Layer, ...]:
    """With the gated branch before it, its norm and its own gate."""
    d, hidden = m.width, MLP * m.width
    return (
        Elementwise(positions * d),  # the attention's branch
        Norm(d, positions),
        Elementwise(positions * d + d),
        Linear(d, hidden, positions),
        Elementwise(positions * hidden),
        Linear(hidden, d, positions),
        Elementwise(positions * d),  # this branch
    )
