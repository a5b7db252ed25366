"""Which numbers does an operation of a trace only move, widen or select, and along which axes of
its inputs do they lie? And which values are one, computed twice?
"""

import itertools
import operator
from collections.abc import Iterable, Sequence

import torch
from fvcore.nn.jit_handles import get_shape

Value = torch._C.Value
Axes = frozenset[int]
Moved = list[tuple[Value, list[Axes]]]  # inputs, and of each output axis the axes of the input
ALIKE = 4  # operations through which two factors are seen to be one value

# what gives the first input's numbers but for type or sign, each in its place
UNCHANGED = frozenset(
    "aten::to aten::type_as aten::contiguous aten::clone aten::detach aten::alias aten::neg "
    "aten::conj aten::resolve_conj aten::dropout aten::float aten::_to_copy".split()
)
PADDED = ("aten::pad", "aten::constant_pad_nd")
# what gives them along the same axes, or some of them
SAME = UNCHANGED.union(
    PADDED,
    "aten::masked_fill aten::slice aten::tril aten::triu aten::narrow aten::flip aten::roll "
    "aten::index_select aten::gather aten::take_along_dim".split(),
)
WIDENED = ("aten::expand", "aten::expand_as", "aten::repeat", "aten::broadcast_to")
REGROUPED = frozenset(
    "aten::view aten::reshape aten::flatten aten::unflatten aten::unsqueeze aten::squeeze "
    "aten::_unsafe_view aten::view_as aten::reshape_as".split()
)
SWAPPED = ("aten::transpose", "aten::swapaxes", "aten::t", "aten::numpy_T")
# what gives numbers of several inputs, or of another than the first, in a shape to which they are
# broadcast
CHOSEN = {
    "aten::where": (1, 2),
    "aten::copy_": (1,),
    "aten::slice_scatter": (0, 1),
    "aten::index_copy": (0, 3),
    "aten::index_copy_": (0, 3),
    "aten::scatter": (0, 3),
    "aten::scatter_": (0, 3),
    "aten::index_put": (0, 2),
    "aten::index_put_": (0, 2),
}
INDEXED = ("aten::index_put", "aten::index_put_")
PARTED = frozenset(
    "aten::split aten::split_with_sizes aten::chunk aten::unsafe_chunk aten::tensor_split".split()
)


def moved(value: Value) -> Moved:
    """Where the numbers of what only moves numbers come from; [] of other operations."""
    node, kind, shape = value.node(), value.node().kind(), shape_of(value)
    if kind == "prim::ListUnpack":
        node = next(node.inputs()).node()
        kind = node.kind()
        if kind != "aten::unbind" and kind not in PARTED:
            return []
    inputs = list(node.inputs())
    if kind == "aten::cat":
        parts = list(inputs[0].node().inputs())
        return [(part, _each(range(len(shape)))) for part in parts]
    if kind in INDEXED and not _is_one_row_of(inputs[1]):
        return [(inputs[0], _each(range(len(shape))))]
    if kind in CHOSEN:
        parts = [inputs[i] for i in CHOSEN[kind] if shape_of(inputs[i])]
        return [(part, _broadcast(part, len(shape))) for part in parts]
    if not inputs:
        return []
    before = shape_of(inputs[0])
    if kind in SAME or kind in PARTED:
        return [(inputs[0], _each(range(len(shape))))]
    if kind in WIDENED:
        return [(inputs[0], _broadcast(inputs[0], len(shape)))]
    if kind in ("aten::select", "aten::unbind"):
        lost = number_of(inputs[1], 0) % len(before)
        return [(inputs[0], _each(axis + (axis >= lost) for axis in range(len(shape))))]
    if kind == "aten::index":
        return [(inputs[0], _each(range(len(shape))))] if _is_one_row_of(inputs[1]) else []
    if kind in REGROUPED:
        return [(inputs[0], _regrouped(before, shape))]
    if kind in (*SWAPPED, "aten::permute"):
        return [(inputs[0], _each(_order(kind, inputs, len(before))))]
    return []


def _each(axes: Iterable[int]) -> list[Axes]:
    return [frozenset({axis}) for axis in axes]


def _broadcast(value: Value, rank: int) -> list[Axes]:
    less = rank - len(shape_of(value))
    return [frozenset({axis - less} if axis >= less else ()) for axis in range(rank)]


def _is_one_row_of(indices: Value) -> bool:
    """Whether numbers are chosen along one axis, by a list of places."""
    places = [place for place in indices.node().inputs() if shape_of(place)]
    return len(places) == 1 and len(shape_of(places[0])) == 1


def _order(kind: str, inputs: Sequence[Value], rank: int) -> list[int]:
    order = list(range(rank))
    if kind == "aten::permute":
        return [axis % rank for axis in integers_of(inputs[1]) or order]
    if len(inputs) == 3:
        one, other = (number_of(inputs[i], 0) for i in (1, 2))
        order[one], order[other] = order[other], order[one]
        return order
    return order[::-1]


def _regrouped(before: Sequence[int], after: Sequence[int]) -> list[Axes]:
    """Of each axis of a shape ``after`` a view, the axes ``before`` that its numbers come from."""
    one, other = (
        list(itertools.pairwise(itertools.accumulate(shape, operator.mul, initial=1)))
        for shape in (before, after)
    )
    return [
        frozenset(i for i, (a, b) in enumerate(one) if max(a, begin) < min(b, end))
        for begin, end in other
    ]


def varies(value: Value, rank: int) -> list[bool]:
    """Along which axes of a broadcast result of ``rank`` the value differs by itself, rather than
    by having been widened.
    """
    own = _own(value)
    return [False] * (rank - len(own)) + own


def _own(value: Value) -> list[bool]:
    shape, sources = shape_of(value), moved(value)
    if len(sources) != 1 or value.node().kind() in PADDED:
        return [n > 1 for n in shape]
    inner = _own(sources[0][0])
    return [n > 1 and any(inner[i] for i in axes) for n, axes in zip(shape, sources[0][1])]


def alike(one: Value, other: Value, depth: int = ALIKE) -> bool:
    """Whether two values are one, read twice or computed twice."""
    if one.debugName() == other.debugName():
        return True
    for value, rest in ((one, other), (other, one)):
        if value.node().kind() in UNCHANGED and alike(next(value.node().inputs()), rest, depth):
            return True
    a, b = one.node(), other.node()
    if _place(one) != _place(other):
        return False
    if a.kind() == b.kind() == "prim::Constant":
        numbers = one.toIValue(), other.toIValue()
        return all(isinstance(n, int | float | None) for n in numbers) and numbers[0] == numbers[1]
    ins = list(a.inputs()), list(b.inputs())
    if a.kind() != b.kind() or not depth or not ins[0] or len(ins[0]) != len(ins[1]):
        return False
    return all(alike(x, y, depth - 1) for x, y in zip(*ins))


def _place(value: Value) -> int:
    """Which of its operation's outputs a value is."""
    names = [output.debugName() for output in value.node().outputs()]
    return names.index(value.debugName())


def shape_of(value: Value) -> list[int]:
    """() of a number, too, that is no tensor."""
    if value.type().kind() != "TensorType":
        return []
    return list(get_shape(value) or [])


def integers_of(value: Value) -> list[int] | None:
    """The constants of a list, or of one number; None where they are none."""
    if value.node().kind() == "prim::ListConstruct":
        found = [each.toIValue() for each in value.node().inputs()]
        return None if None in found else found
    constant = value.toIValue()
    return [constant] if isinstance(constant, int) else constant


def number_of(value: Value, usual: int) -> int:
    """A constant of the trace; ``usual`` where it is none."""
    constant = value.toIValue()
    return constant if isinstance(constant, int) else usual
