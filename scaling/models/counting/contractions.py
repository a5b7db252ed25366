"""Which sums are of products, so that a matrix product stands there written out? Read from the
trace's graph, back from each sum.

``(a[:, :, None] * b).sum(1)`` multiplies and adds as often as ``a @ b``. It is told by an index
that is summed and that both factors have; each product then counts one. A factor that lacks the
index only scales the sum (a modulation, a gate of channels), and a factor times itself is a norm:
both count zero, as norms and elementwise work do. A sum that is written term by term, such as
``x[0] * w[0] + x[1] * w[1]``, is elementwise work, as rotary positions are. Squares of differences
between all pairs count as ``cdist`` does.
"""

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence

import torch
from fvcore.nn.jit_handles import get_shape

Axes = frozenset[int]
Behind = list[tuple[torch._C.Value, Axes]]  # values, and over which of their axes they are summed
ALIKE = 4  # operations through which two factors are seen to be one value

PRODUCTS = {  # where the factors stand among the inputs
    "aten::mul": (0, 1),
    "aten::mul_": (0, 1),
    "aten::multiply": (0, 1),
    "aten::div": (0, 1),
    "aten::div_": (0, 1),
    "aten::addcmul": (1, 2),
}
SUMS = ("aten::add", "aten::add_", "aten::sub", "aten::sub_", "aten::rsub")
# what gives the first input's numbers in its shape, but for their type or sign
SAME = frozenset(
    "aten::to aten::type_as aten::contiguous aten::clone aten::detach aten::alias aten::neg "
    "aten::conj aten::resolve_conj aten::dropout aten::masked_fill aten::float aten::_to_copy "
    "aten::slice aten::tril aten::triu".split()
)
SQUARES = ("aten::pow", "aten::square")
WIDENED = ("aten::expand", "aten::expand_as", "aten::repeat", "aten::broadcast_to")
REGROUPED = frozenset(
    "aten::view aten::reshape aten::flatten aten::unflatten aten::unsqueeze aten::squeeze "
    "aten::_unsafe_view aten::view_as aten::reshape_as".split()
)
SWAPPED = ("aten::transpose", "aten::swapaxes", "aten::t", "aten::numpy_T")


def summed_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of sum, mean, nansum and cumsum."""
    rank = len(get_shape(inputs[0]))
    axes = _integers(inputs[1]) if len(inputs) > 2 else None  # else of all axes: (x, dtype)
    every = range(rank) if not axes else (axis % rank for axis in axes)
    return products_summed(inputs[0], every)


def pooled_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle of the poolings that average, whose windows are of the last axes."""
    rank = len(get_shape(inputs[0]))
    sides = len(_integers(inputs[1]) or ()) or 1
    return products_summed(inputs[0], range(rank - sides, rank))


def products_summed(value: torch._C.Value, axes: Iterable[int]) -> int:
    """The products in ``value`` that a sum over its ``axes`` adds up."""
    macs = 0
    left: Behind = [(value, frozenset(axes))]
    seen = set()
    while left:
        value, summed = left.pop()
        key = value.debugName(), summed
        if not summed or key in seen:
            continue
        seen.add(key)
        found, behind = _looked_at(value, summed)
        macs += found
        left += behind
    return macs


def _looked_at(value: torch._C.Value, summed: Axes) -> tuple[int, Behind]:
    """The products that ``value`` itself is, and what is behind it and summed through it."""
    node, inputs, shape = value.node(), list(value.node().inputs()), _shape(value)
    kind = node.kind()
    if kind in PRODUCTS or kind in SUMS:
        parts = [inputs[i] for i in PRODUCTS.get(kind, (0, 1)) if _shape(inputs[i])]
        has = [_varies(part, len(shape)) for part in parts]
        if kind in PRODUCTS and len(parts) == 2:
            if _alike(*parts):
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
    if kind in SAME:
        return 0, [(inputs[0], summed)]
    if kind == "aten::stack":
        return _stacked(list(inputs[0].node().inputs()), inputs[1].toIValue() % len(shape), summed)
    if (back := _origins(value)) is not None:
        of_one = (back[axis] for axis in summed if shape[axis] > 1)
        return 0, [(inputs[0], frozenset().union(*of_one))]
    return 0, []


def _meet(has: Sequence[list[bool]], axes: Axes) -> bool:
    """Whether all parts vary along one of the ``axes``."""
    return any(all(each[axis] for each in has) for axis in axes)


def _distances(value: torch._C.Value, summed: Axes) -> int:
    """The squares of differences between all pairs, as ``cdist`` has them, that a sum adds up; none
    of a norm, whose values are taken from no others, or from their own mean.
    """
    while value.node().kind() in SAME:
        value = next(value.node().inputs())
    shape, inputs = _shape(value), list(value.node().inputs())
    if value.node().kind() not in SUMS or not (_shape(inputs[0]) and _shape(inputs[1])):
        return 0
    has = [_varies(part, len(shape)) for part in inputs[:2]]
    own = [math.prod(n for n, varies in zip(shape, each) if varies) for each in has]
    pairs = _meet(has, summed) and math.prod(shape) > max(own)
    return math.prod(shape) * multiplier(value) if pairs else 0


def _stacked(parts: list[torch._C.Value], at: int, summed: Axes) -> tuple[int, Behind]:
    """As ``_looked_at``, of ``parts`` stacked along the axis ``at``: where that is summed, products
    are what each part is.
    """
    rest = frozenset(axis - (axis > at) for axis in summed - {at})
    macs = 0
    behind: Behind = []
    for part in parts:
        shape, inputs = _shape(part), list(part.node().inputs())
        places = PRODUCTS.get(part.node().kind())
        factors = [inputs[i] for i in places if _shape(inputs[i])] if places else []
        if at in summed and len(factors) == 2 and not _alike(*factors):
            macs += math.prod(shape) * multiplier(part)
        else:
            behind.append((part, rest))
    return macs, behind


def multiplier(value: torch._C.Value) -> int:
    """Real multiply-accumulates of one of the value's: 4 of complex numbers."""
    kind = value.type().scalarType() if value.type().kind() == "TensorType" else None
    return 4 if kind and kind.startswith("Complex") else 1


def real_macs(handle: Callable) -> Callable:
    """``handle``, whose products of complex numbers count as the real ones that they are."""
    return lambda inputs, outputs: handle(inputs, outputs) * multiplier(outputs[0])


def _shape(value: torch._C.Value) -> list[int]:
    """() of a number, too, that is no tensor."""
    if value.type().kind() != "TensorType":
        return []
    return list(get_shape(value) or [])


def _aligned(value: torch._C.Value, rank: int, axes: Iterable[int]) -> Axes:
    """Axes of a broadcast result of ``rank`` as the value's own."""
    less = rank - len(_shape(value))
    return frozenset(axis - less for axis in axes if axis >= less)


def _varies(value: torch._C.Value, rank: int) -> list[bool]:
    """Along which axes of a broadcast result of ``rank`` the value differs by itself, rather than
    by having been widened.
    """
    own = _own(value)
    return [False] * (rank - len(own)) + own


def _own(value: torch._C.Value) -> list[bool]:
    shape, node = _shape(value), value.node()
    if node.kind() in WIDENED:
        inner = _own(next(node.inputs()))
        return [False] * (len(shape) - len(inner)) + inner
    if node.kind() in SAME:
        return _own(next(node.inputs()))
    if (back := _origins(value)) is not None:
        inner = _own(next(node.inputs()))
        return [n > 1 and any(inner[i] for i in axes) for n, axes in zip(shape, back)]
    return [n > 1 for n in shape]


def _origins(value: torch._C.Value) -> list[Axes] | None:
    """Of each axis of what only regroups or reorders numbers, the axes of its input; None of other
    operations.
    """
    node = value.node()
    kind = node.kind()
    if kind not in (*REGROUPED, *SWAPPED, "aten::permute"):
        return None
    inputs = list(node.inputs())
    before, after = _shape(inputs[0]), _shape(value)
    if kind in REGROUPED:
        return _regrouped(before, after)
    order = list(range(len(before)))
    if kind == "aten::permute":
        order = [axis % len(before) for axis in _integers(inputs[1]) or order]
    elif len(inputs) == 3:
        one, other = (inputs[i].toIValue() for i in (1, 2))
        order[one], order[other] = order[other], order[one]
    else:
        order.reverse()
    return [frozenset({axis}) for axis in order]


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


def _alike(one: torch._C.Value, other: torch._C.Value, depth: int = ALIKE) -> bool:
    """Whether two values are one, read twice or computed twice."""
    if one.debugName() == other.debugName():
        return True
    for value, rest in ((one, other), (other, one)):
        if value.node().kind() in SAME and _alike(next(value.node().inputs()), rest, depth):
            return True
    a, b = one.node(), other.node()
    if a.kind() == b.kind() == "prim::Constant":
        numbers = one.toIValue(), other.toIValue()
        return all(isinstance(n, int | float | None) for n in numbers) and numbers[0] == numbers[1]
    ins = list(a.inputs()), list(b.inputs())
    if a.kind() != b.kind() or not depth or not ins[0] or len(ins[0]) != len(ins[1]):
        return False
    return all(_alike(x, y, depth - 1) for x, y in zip(*ins))


def _integers(value: torch._C.Value) -> list[int] | None:
    """The constants of a list, or of one number; None where they are none."""
    if value.node().kind() == "prim::ListConstruct":
        found = [each.toIValue() for each in value.node().inputs()]
        return None if None in found else found
    constant = value.toIValue()
    return [constant] if isinstance(constant, int) else constant
