"""How many multiply-accumulates does each operation do? From the shapes in the trace: fvcore's
handles, by the operation's name.
"""

import functools
import math
from collections.abc import Callable, Sequence

import torch
from fvcore.nn.jit_handles import addmm_flop_jit, einsum_flop_jit, get_shape, linear_flop_jit

from scaling.models.counting import meta_convolution
from scaling.models.counting.axes import shape_of
from scaling.models.counting.contractions import (
    norm_macs,
    placed_macs,
    pooled_macs,
    products_summed,
    real_macs,
    scattered_macs,
    summed_macs,
    trace_macs,
)


def attention_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of attention: T S (e + f) for each leading index of the output.

    Shapes: q (..., T, e), k (..., S, e), v (..., S, f), whose leading dimensions are broadcast.
    """
    *batch, T, f = get_shape(outputs[0])
    e, S = get_shape(inputs[0])[-1], get_shape(inputs[2])[-2]
    return math.prod(batch) * T * S * (e + f)


def matmul_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each number of the output is a sum over the first factor's last dimension.

    It uses the output's shape, so factors that are broadcast count as often as they are used.
    """
    return math.prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]


def batched_sum_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of baddbmm, addmv and the like, whose first tensor is only added."""
    return matmul_macs(inputs[1:], outputs)


def einsum_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: of two factors each product of numbers counts one; an einsum of one tensor
    moves or sums its numbers. More factors are counted in the order that fvcore takes.
    """
    factors = list(inputs[1].node().inputs())
    if len(factors) == 1:
        lost = lost_axes(inputs[0].toIValue(), get_shape(factors[0]))
        return products_summed(factors[0], lost, outputs[0].node())
    if len(factors) > 2:
        return int(einsum_flop_jit(inputs, outputs))
    return pair_macs(inputs[0].toIValue(), *map(get_shape, factors))


def pair_macs(form: str, left: Sequence[int], right: Sequence[int]) -> int:
    """Products of numbers in an einsum of two tensors of these shapes.

    An index that one factor alone has is summed before they are multiplied.
    """
    factors, _, result = form.replace(" ", "").partition("->")
    sizes: list[dict[str, int]] = []
    for names, shape in zip(factors.split(","), (left, right)):
        before, dots, after = names.partition("...")
        rest = range(len(shape) - len(before + after) if dots else 0)
        indices = [*before, *(f"...{len(rest) - i}" for i in rest), *after]
        sizes.append(dict(zip(indices, shape)))
    one, other = sizes
    kept = set(result) if "->" in form else one.keys() ^ other.keys()
    return math.prod(
        max(one.get(index, 1), other.get(index, 1))
        for index in one | other
        if index in kept or index.startswith("...") or (index in one and index in other)
    )


def zero_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle for everything in ``ZERO``."""
    return 0


def lost_axes(form: str, shape: Sequence[int]) -> list[int]:
    """The axes of its one tensor over which an einsum of such a form sums."""
    read, arrow, result = form.replace(" ", "").partition("->")
    before, dots, after = read.partition("...")
    rest = len(shape) - len(before + after) if dots else 0
    axes = [*enumerate(before), *((len(before) + rest + i, name) for i, name in enumerate(after))]
    kept = result if arrow else {name for _, name in axes if (before + after).count(name) == 1}
    return [axis for axis, name in axes if name not in kept]


def summed_batch_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of addbmm, which adds the products of a batch."""
    return math.prod(get_shape(inputs[1])) * get_shape(inputs[2])[-1]


def outer_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each number of the output is one product."""
    return math.prod(get_shape(outputs[0]))


def tensordot_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each number of the output is a sum over the first factor's lost axes."""
    axes = [axis.toIValue() for axis in inputs[2].node().inputs()] or inputs[2].toIValue()
    shape = get_shape(inputs[0])
    return math.prod(get_shape(outputs[0])) * math.prod(shape[axis] for axis in axes)


def vecdot_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each number of the output is a sum over one axis."""
    return math.prod(get_shape(outputs[0])) * get_shape(inputs[0])[inputs[2].toIValue()]


def cosine_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each cosine is a sum of products over one axis; the norms count zero."""
    return math.prod(torch.broadcast_shapes(*map(get_shape, inputs[:2])))


def pairwise_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of distances along the last axis: as ``cdist`` where rows are paired with
    several others, zero as a norm where each has one.
    """
    shapes = [get_shape(each) for each in inputs[:2]]
    paired = math.prod(torch.broadcast_shapes(*shapes))
    return paired if paired > max(map(math.prod, shapes)) else 0


def chain_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of a product of several matrices, in the order that takes the fewest."""
    shapes = [get_shape(each) for each in inputs[0].node().inputs()]
    first = [1] * (len(shapes[0]) == 1)  # a vector
    sides = (*first, *shapes[0], *(shape[1] if len(shape) > 1 else 1 for shape in shapes[1:]))

    @functools.cache
    def least(begin: int, end: int) -> int:  # of the matrices from one side to another
        return min(
            (
                least(begin, at) + least(at, end) + sides[begin] * sides[at] * sides[end]
                for at in range(begin + 1, end)
            ),
            default=0,
        )

    return least(0, len(sides) - 1)


def grouped_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of products of groups of rows, as of experts; with two matrices, of groups of
    the axis that is summed, of which each is summed once.
    """
    groups = get_shape(outputs[0])[0] if len(get_shape(inputs[1])) == 2 else 1
    both = groups > 1 and len(get_shape(inputs[0])) == 2
    return matmul_macs(inputs, outputs) // (groups if both else 1)


def bag_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of embedding_bag: each row times its own weight, where rows have one."""
    weights = inputs[6]
    return math.prod(get_shape(inputs[1])) * get_shape(inputs[0])[-1] if shape_of(weights) else 0


def grid_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of affine_grid: each place is a product with the rows of a transformation."""
    return math.prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]


def bilinear_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: the first input (..., m) times a weight (o, m, n), then times the second."""
    _, m, n = get_shape(inputs[2])
    return math.prod(get_shape(outputs[0])) * n * (m + 1)


def cdist_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each distance is a sum over the last axis."""
    return math.prod(get_shape(outputs[0])) * get_shape(inputs[0])[-1]


def recurrent_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of an RNN over whole sequences: each step of each takes every matrix once."""
    lists = [list(i.node().inputs()) for i in inputs if i.node().kind() == "prim::ListConstruct"]
    weights = [get_shape(weight) for weight in lists[-1]]
    matrices = sum(math.prod(shape) for shape in weights if len(shape) == 2)
    return math.prod(get_shape(inputs[0])[:-1]) * matrices


PRODUCTS: dict[str, Callable] = {
    "aten::scaled_dot_product_attention": attention_macs,
    "aten::einsum": einsum_macs,
    "aten::matmul": matmul_macs,
    "aten::bmm": matmul_macs,
    "aten::mm": matmul_macs,
    "aten::mv": matmul_macs,
    "aten::dot": matmul_macs,
    "aten::vdot": matmul_macs,
    "aten::inner": matmul_macs,
    "aten::baddbmm": batched_sum_macs,
    "aten::addmv": batched_sum_macs,
    meta_convolution.NAME: meta_convolution.convolution_macs,
    "aten::addmm": addmm_flop_jit,
    "aten::linear": linear_flop_jit,
    "aten::addbmm": summed_batch_macs,
    "aten::outer": outer_macs,
    "aten::addr": outer_macs,
    "aten::kron": outer_macs,
    "aten::tensordot": tensordot_macs,
    "aten::linalg_vecdot": vecdot_macs,
    "aten::bilinear": bilinear_macs,
    "aten::cdist": cdist_macs,
    "aten::cosine_similarity": cosine_macs,
    "aten::pairwise_distance": pairwise_macs,
    "aten::linalg_multi_dot": chain_macs,
    "aten::chain_matmul": chain_macs,
    "aten::_grouped_mm": grouped_macs,
    "aten::_scaled_mm": matmul_macs,
    "aten::_int_mm": matmul_macs,
    "aten::embedding_bag": bag_macs,
    "aten::affine_grid_generator": grid_macs,
    **dict.fromkeys(
        ("aten::gru", "aten::lstm", "aten::rnn_tanh", "aten::rnn_relu"), recurrent_macs
    ),
}
IN_PLACE = ("addmm", "baddbmm", "addbmm", "addmv", "addr")
HANDLES: dict[str, Callable] = {
    **{name: real_macs(handle) for name, handle in PRODUCTS.items()},
    **{f"aten::{name}_": real_macs(PRODUCTS[f"aten::{name}"]) for name in IN_PLACE},
    **{f"aten::{name}": summed_macs for name in ("sum", "mean", "nansum", "nanmean", "cumsum")},
    **{f"aten::{name}": norm_macs for name in ("norm", "linalg_norm", "linalg_vector_norm")},
    **{
        f"aten::{name}{in_place}": scattered_macs
        for name in ("scatter_add", "index_add", "scatter_reduce")
        for in_place in ("", "_")
    },
    **dict.fromkeys(("aten::scatter", "aten::scatter_"), placed_macs),
    "aten::trace": trace_macs,
    **dict.fromkeys(
        (f"aten::{kind}avg_pool{n}d" for kind in ("", "adaptive_") for n in (1, 2, 3)), pooled_macs
    ),
}
