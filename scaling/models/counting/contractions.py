"""Which sums are of products, so that a matrix product stands there written out? Read from the
trace's graph, back from each sum.

``(a[:, :, None] * b).sum(1)`` multiplies and adds as often as ``a @ b``. It is told by an index
that is summed and that both factors have; each product then counts one. A factor that lacks the
index only scales the sum (a modulation, a gate of channels), and a factor times itself is a norm:
both count zero, as norms and elementwise work do. A sum that is written term by term, such as
``x[0] * w[0] + x[1] * w[1]``, is elementwise work, as rotary positions are. Squares of differences
between all pairs, and norms of those, count as ``cdist`` does.
"""

import math
from collections.abc import Callable, Iterable, Sequence

from fvcore.nn.jit_handles import get_shape

from scaling.models.counting.axes import (
    SAME,
    Axes,
    Value,
    alike,
    integers_of,
    moved,
    number_of,
    shape_of,
    varies,
)
from scaling.models.counting.written import VIEWS, Node, written

# values, and over which of their axes they are summed
Behind = list[tuple[Value, Axes]]

PRODUCTS = {  # where the factors stand among the inputs
    "aten::mul": (0, 1),
    "aten::mul_": (0, 1),
    "aten::multiply": (0, 1),
    "aten::div": (0, 1),
    "aten::div_": (0, 1),
    "aten::addcmul": (1, 2),
}
SUMS = ("aten::add", "aten::add_", "aten::sub", "aten::sub_", "aten::rsub")
SQUARES = ("aten::pow", "aten::square")


def summed_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of sum, mean, nansum, nanmean and cumsum."""
    axes = _axes(inputs[0], inputs[1] if len(inputs) > 2 else None)
    return products_summed(inputs[0], axes, outputs[0].node())


def norm_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of the norms of vectors."""
    axes = _axes(inputs[0], inputs[2] if len(inputs) > 2 else None)
    return _distances(inputs[0], frozenset(axes))


def trace_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of a matrix's trace."""
    return products_summed(inputs[0], (0, 1), outputs[0].node())


def scattered_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of scatter_add and index_add: (x, dim, index, what is added, ...)."""
    rank = len(shape_of(inputs[3]))
    if not rank:
        return 0
    return products_summed(inputs[3], [number_of(inputs[1], 0) % rank], outputs[0].node())


def placed_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of scatter: (x, dim, index, what is put there, reduce), a sum with "add"."""
    adds = len(inputs) > 4 and inputs[4].toIValue() == "add"
    return scattered_macs(inputs, outputs) if adds else 0


def pooled_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of the poolings that average, whose windows are of the last axes."""
    rank = len(get_shape(inputs[0]))
    sides = len(integers_of(inputs[1]) or ()) or 1
    return products_summed(inputs[0], range(rank - sides, rank), outputs[0].node())


def _axes(value: Value, given: Value | None) -> list[int]:
    """The axes that are ``given``, all where none are."""
    rank = len(shape_of(value))
    axes = None if given is None else integers_of(given)
    return [axis % rank for axis in axes] if axes else list(range(rank))


def products_summed(value: Value, axes: Iterable[int], reader: Node) -> int:
    """The products in ``value`` that ``reader``, a sum over its ``axes``, adds up."""
    macs = 0
    left = [(value, frozenset(axes), reader)]
    seen, writes = set(), set()
    while left:
        value, summed, reader = left.pop()
        key = value.debugName(), summed
        if not summed or key in seen:
            continue
        seen.add(key)
        found, behind = _looked_at(value, summed)
        macs += found
        # a view shows what its buffer holds when the view is read, another result what it held
        # when it was computed
        node = value.node()
        at = reader if node.kind() in VIEWS else node
        left += [(source, axes, at) for source, axes in behind]
        for source, axes in written(value, summed, reader):
            if source.debugName() not in writes:
                writes.add(source.debugName())
                left.append((source, axes, source.node()))
    return macs


def _looked_at(value: Value, summed: Axes) -> tuple[int, Behind]:
    """The products that ``value`` itself is, and what is behind it and summed through it."""
    node, inputs, shape = value.node(), list(value.node().inputs()), shape_of(value)
    kind = node.kind()
    if kind in PRODUCTS or kind in SUMS:
        parts = [inputs[i] for i in PRODUCTS.get(kind, (0, 1)) if shape_of(inputs[i])]
        has = [varies(part, len(shape)) for part in parts]
        if kind in PRODUCTS and len(parts) == 2:
            if alike(*parts):
                return _distances(parts[0], summed), []
            if _meet(has, summed):
                return math.prod(shape) * multiplier(value), []
        behind = [
            (part, _aligned(part, len(shape), {axis for axis in summed if its[axis]}))
            for part, its in zip(parts, has)
        ]
        return 0, behind
    if kind in SQUARES:
        return _distances(inputs[0], summed), []
    if kind in ("aten::stack", "aten::cat"):
        at = number_of(inputs[1], 0) % len(shape)
        return _joined(list(inputs[0].node().inputs()), at, summed, stacked=kind == "aten::stack")
    of_one = [axis for axis in summed if shape[axis] > 1]
    return 0, [
        (source, frozenset().union(*(back[axis] for axis in of_one)))
        for source, back in moved(value)
    ]


def _meet(has: Sequence[list[bool]], axes: Axes) -> bool:
    """Whether all parts vary along one of the ``axes``."""
    return any(all(each[axis] for each in has) for axis in axes)


def _distances(value: Value, summed: Axes) -> int:
    """The squares of differences between all pairs, as ``cdist`` has them, that a sum adds up; none
    of a norm, whose values are taken from no others, or from their own mean.
    """
    while value.node().kind() in SAME:
        value = next(value.node().inputs())
    shape, inputs = shape_of(value), list(value.node().inputs())
    if value.node().kind() not in SUMS or not (shape_of(inputs[0]) and shape_of(inputs[1])):
        return 0
    has = [varies(part, len(shape)) for part in inputs[:2]]
    own = [math.prod(n for n, differs in zip(shape, each) if differs) for each in has]
    pairs = _meet(has, summed) and math.prod(shape) > max(own)
    return math.prod(shape) * multiplier(value) if pairs else 0


def _joined(parts: list[Value], at: int, summed: Axes, stacked: bool) -> tuple[int, Behind]:
    """As ``_looked_at``, of ``parts`` stacked or laid end to end along the axis ``at``: where that
    is summed, products of which each part holds one along it are terms of one sum.
    """
    rest = frozenset(axis - (axis > at) for axis in summed - {at}) if stacked else summed
    macs = 0
    behind: Behind = []
    for part in parts:
        shape, inputs = shape_of(part), list(part.node().inputs())
        places = PRODUCTS.get(part.node().kind())
        factors = [inputs[i] for i in places if shape_of(inputs[i])] if places else []
        one = stacked or (at < len(shape) and shape[at] == 1)
        if one and at in summed and len(factors) == 2 and not alike(*factors):
            macs += math.prod(shape) * multiplier(part)
        elif shape:
            behind.append((part, rest))
    return macs, behind


def multiplier(value: Value) -> int:
    """Real multiply-accumulates of one of the value's: 4 of complex numbers."""
    kind = value.type().scalarType() if value.type().kind() == "TensorType" else None
    return 4 if kind and kind.startswith("Complex") else 1


def real_macs(handle: Callable) -> Callable:
    """``handle``, whose products of complex numbers count as the real ones that they are."""
    return lambda inputs, outputs: handle(inputs, outputs) * multiplier(outputs[0])


def _aligned(value: Value, rank: int, axes: Iterable[int]) -> Axes:
    """Axes of a broadcast result of ``rank`` as the value's own."""
    less = rank - len(shape_of(value))
    return frozenset(axis - less for axis in axes if axis >= less)
