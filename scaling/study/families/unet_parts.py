"""Of which parts does a U-Net consist, and which layers has a residual block?"""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from scaling.study.costs.layers import Attention, Convolution, Elementwise, Linear, Norm, Repeat

KERNEL = (3, 3)


class Block(NamedTuple):
    """A residual block of two convolutions; ``resampled`` where it also halves or doubles sides."""

    inputs: int  # channels
    outputs: int
    side: int  # of its input
    resampled: Literal["down", "up"] | None = None


class Attended(NamedTuple):
    """Self-attention over all places of a feature map, and what the family adds to it."""

    channels: int
    side: int


class Resampled(NamedTuple):
    """Halves or doubles the sides of a feature map between two levels."""

    channels: int
    side: int  # of its input
    way: Literal["down", "up"]


Part = Block | Attended | Resampled


def parts(
    level_channels: Sequence[int], sides: Sequence[int], blocks: int, attention: Sequence[int]
) -> Iterator[Part]:
    """Every part between the first convolution and the last norm, in the order of a pass.

    Of each level its channels and pixels per side; ``blocks`` of a level on the way down, one more
    on the way up; feature maps of the sides ``attention`` attend, and the lowest level always.
    """
    levels = [*zip(level_channels, sides)]
    lowest = len(levels) - 1
    x = levels[0][0]
    skipped = [x]
    for i, (channels, side) in enumerate(levels):
        for _ in range(blocks):
            yield Block(x, channels, side)
            x = channels
            if side in attention:
                yield Attended(x, side)
            skipped.append(x)
        if i < lowest:
            yield Resampled(x, side, "down")
            skipped.append(x)
    side = levels[-1][1]
    yield from (Block(x, x, side), Attended(x, side), Block(x, x, side))
    for i, (channels, side) in reversed([*enumerate(levels)]):
        for _ in range(blocks + 1):
            yield Block(x + skipped.pop(), channels, side)
            x = channels
            if side in attention:
                yield Attended(x, side)
        if i > 0:
            yield Resampled(x, side, "up")


def resampling(part: Resampled) -> Convolution:
    """The convolution that halves the sides, or that follows their doubling."""
    before = part.side**2
    after = {"down": before // 4, "up": 4 * before}[part.way]
    read = {"down": before, "up": after}[part.way]  # it is doubled before the convolution
    return Convolution(part.channels, part.channels, KERNEL, after, input_positions=read)


def attention_layers(part: Attended, heads: int, groups: int) -> Repeat:
    """The layers of self-attention with a norm of ``groups`` and a residual around it."""
    d, T = part.channels, part.side**2
    layers = (
        Norm(d, T, affine=True, groups=groups),
        # each keeps a copy of its input, whose rows are not adjacent
        *(3 * (Linear(d, d, T),)),
        Attention(T, T, d, heads),
        Linear(d, d, T),
    )
    return Repeat(1, layers, d * T)


def residual_layers(block: Block, groups: int, time_width: int, scale_and_shift: bool) -> Repeat:
    """The layers of a residual block, one unit that activation checkpointing recomputes.

    ``groups`` are those of its norms, ``time_width`` the numbers of the time's vector.
    ``scale_and_shift``: time and class modulate the second norm (ADM); otherwise they are added
    before it (LDM).
    """
    before = block.side**2
    factor = {"down": 0.25, "up": 4.0, None: 1.0}[block.resampled]
    after = int(before * factor)
    inputs, outputs = block.inputs, block.outputs
    vectors = 2 if scale_and_shift else 1
    modulated = (Elementwise(outputs * after + outputs),) if scale_and_shift else ()
    pooled = (Elementwise(inputs * before),) if block.resampled == "down" else ()
    # the norm keeps the input of the shortcut
    shortcut = (Linear(inputs, outputs, after, shares_input=True),)
    layers = (
        Norm(inputs, before, affine=True, groups=groups),
        Elementwise(inputs * before),
        *pooled,
        Convolution(inputs, outputs, KERNEL, after),
        Linear(time_width, vectors * outputs),
        Norm(outputs, after, affine=True, groups=groups),
        *modulated,
        Elementwise(outputs * after),
        Convolution(outputs, outputs, KERNEL, after),
        *(shortcut if inputs != outputs else ()),
    )
    return Repeat(1, layers, inputs * before + time_width)
