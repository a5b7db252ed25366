"""What are networks made of? Layers as data, from which parameters, MACs and memory follow.

A layer says what it holds and does for **one** image. Matrix products and convolutions count, one
per multiply-accumulate (the DiT paper's "Gflops"); norms and elementwise work count as zero.
``kept`` is how many numbers a layer keeps between the forward and the backward pass, as autograd
does: the operands of its products and whatever else its gradient needs. A tensor that two layers
keep is counted by only one of them.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """The base: a layer without parameters, work or memory."""

    @property
    def params(self) -> int:
        """Trainable parameters."""
        return 0

    @property
    def fixed(self) -> int:
        """Numbers that are stored but not trained, such as a position table."""
        return 0

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one forward pass."""
        return 0

    @property
    def kept(self) -> int:
        """Numbers kept for the backward pass."""
        return 0


@dataclass(frozen=True)
class Linear(Layer):
    """A linear map at each of ``positions`` places.

    ``shares_input``: another layer already keeps its input.
    """

    inputs: int
    outputs: int
    positions: int = 1
    bias: bool = True
    shares_input: bool = False

    @property
    def params(self) -> int:
        return self.inputs * self.outputs + self.outputs * self.bias

    @property
    def macs(self) -> int:
        return self.positions * self.inputs * self.outputs

    @property
    def kept(self) -> int:
        return 0 if self.shares_input else self.positions * self.inputs


@dataclass(frozen=True)
class Convolution(Layer):
    """A convolution with any number of dimensions.

    ``kernel`` has one size per dimension. ``positions`` is the number of places in the output,
    ``input_positions`` that in the input (default: the same).
    """

    inputs: int
    outputs: int
    kernel: tuple[int, ...]
    positions: int
    input_positions: int | None = None
    groups: int = 1
    bias: bool = True

    @property
    def params(self) -> int:
        weights = self.outputs * (self.inputs // self.groups) * math.prod(self.kernel)
        return weights + self.outputs * self.bias

    @property
    def macs(self) -> int:
        taps = (self.inputs // self.groups) * math.prod(self.kernel)
        return self.positions * self.outputs * taps

    @property
    def kept(self) -> int:
        return self.inputs * (self.input_positions or self.positions)


@dataclass(frozen=True)
class Attention(Layer):
    """Softmax attention without its projections: both products, over all heads.

    ``queries`` and ``keys`` are numbers of tokens. ``width`` is the number of channels of queries
    and keys over all heads, ``value_width`` that of the values (default: ``width``).
    """

    queries: int
    keys: int
    width: int
    heads: int
    value_width: int | None = None

    @property
    def macs(self) -> int:
        return self.queries * self.keys * (self.width + (self.value_width or self.width))

    @property
    def kept(self) -> int:
        values = self.value_width or self.width
        log_sum_exp = self.heads * self.queries
        return self.queries * self.width + self.keys * (self.width + values) + log_sum_exp


@dataclass(frozen=True)
class Norm(Layer):
    """A norm over ``features`` at each of ``positions`` places, or ``groups`` norms in all."""

    features: int
    positions: int
    affine: bool = False
    groups: int | None = None  # how many means and deviations; default: one per position
    bias: bool = True

    @property
    def params(self) -> int:
        return self.features * (1 + self.bias) if self.affine else 0

    @property
    def kept(self) -> int:
        return self.features * self.positions + 2 * (self.groups or self.positions)


@dataclass(frozen=True)
class Embedding(Layer):
    """A trained table of ``rows`` vectors; a lookup costs nothing."""

    rows: int
    width: int

    @property
    def params(self) -> int:
        return self.rows * self.width


@dataclass(frozen=True)
class Parameter(Layer):
    """A tensor of its own, such as a class token or a position table; ``trained`` or fixed."""

    numbers: int
    trained: bool = True

    @property
    def params(self) -> int:
        return self.numbers * self.trained

    @property
    def fixed(self) -> int:
        return self.numbers * (not self.trained)


@dataclass(frozen=True)
class Elementwise(Layer):
    """Activations, gates and modulations: no MACs; ``numbers`` are kept for the backward pass."""

    numbers: int

    @property
    def kept(self) -> int:
        return self.numbers


@dataclass(frozen=True)
class Repeat(Layer):
    """``times`` equal blocks of ``layers``, the unit that activation checkpointing recomputes.

    ``inputs`` is how many numbers enter a block.
    """

    times: int
    layers: tuple[Layer, ...]
    inputs: int

    @property
    def params(self) -> int:
        return self.times * params(self.layers)

    @property
    def fixed(self) -> int:
        return self.times * fixed(self.layers)

    @property
    def macs(self) -> int:
        return self.times * macs(self.layers)

    @property
    def kept(self) -> int:
        return self.times * kept(self.layers)


def params(layers: Iterable[Layer]) -> int:
    """Trainable parameters of all ``layers``."""
    return sum(layer.params for layer in layers)


def fixed(layers: Iterable[Layer]) -> int:
    """Numbers that all ``layers`` store but do not train."""
    return sum(layer.fixed for layer in layers)


def macs(layers: Iterable[Layer]) -> int:
    """Multiply-accumulates of one forward pass on one image."""
    return sum(layer.macs for layer in layers)


def kept(layers: Sequence[Layer], activation_checkpointing: bool = False) -> int:
    """Numbers kept per image between the forward and the backward pass.

    With ``activation_checkpointing`` each repeated block keeps only its input. One block at a time
    is recomputed, so the most expensive block counts in full.
    """
    if not activation_checkpointing:
        return sum(layer.kept for layer in layers)
    blocks = [layer for layer in layers if isinstance(layer, Repeat)]
    ends = sum(layer.kept for layer in layers if not isinstance(layer, Repeat))
    inputs = sum(block.times * block.inputs for block in blocks)
    return ends + inputs + max((kept(block.layers) for block in blocks), default=0)
