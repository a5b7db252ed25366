"""What was written into a buffer through its views before it is read? ``o[:, 0] = a * b`` names its
result nowhere again: the trace goes on to read ``o``.
"""

from collections.abc import Iterator

import torch

from scaling.models.counting.axes import REGROUPED, SWAPPED, Axes, Value, moved

Node = torch._C.Node
# what gives a view of its first input, so that writing to it writes there
VIEWS = REGROUPED.union(
    SWAPPED,
    "aten::slice aten::select aten::narrow aten::permute aten::expand aten::alias "
    "aten::detach".split(),
)
IN_PLACE = frozenset(
    f"aten::{name}_" for name in "copy mul div add sub addcmul index_copy index_put".split()
)
OUT = {"aten::mul": 3, "aten::multiply": 3, "aten::div": 3, "aten::addcmul": 5}  # with out=


def written(value: Value, axes: Axes, reader: Node) -> Iterator[tuple[Value, Axes]]:
    """What was written through views of ``value`` before ``reader``, each with those of its axes
    that lie along ``axes``.

    What is written to the whole of it, ``o.copy_(...)``, is the value itself in a trace.
    """
    for view, along in _views(value, axes, reader):
        for use in view.uses():
            node = use.user
            if node.isBefore(reader) and _writes_to(node, use.offset):
                yield node.output(), along


def _views(value: Value, axes: Axes, reader: Node) -> Iterator[tuple[Value, Axes]]:
    for use in value.uses():
        node = use.user
        if use.offset or not node.isBefore(reader):
            continue
        along = axes
        if node.kind() in VIEWS:
            ((_, sources),) = moved(node.output())
            along = frozenset(axis for axis, of in enumerate(sources) if of & axes)
        elif node.kind() not in IN_PLACE:  # whose result is what was written to
            continue
        if along:
            yield node.output(), along
            yield from _views(node.output(), along, reader)


def _writes_to(node: Node, place: int) -> bool:
    """Whether ``node`` changes its input at ``place``."""
    kind = node.kind()
    return (kind in IN_PLACE and place == 0) or OUT.get(kind, 0) == place + 1
