"""Which entries are an average's that was saved without the network's names? torch_ema and
diffusers' EMAModel write a list (``shadow_params``), in the order of the network's parameters, and
LDM's LitEma names without points.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

State = dict[str, Tensor]
AVERAGE = re.compile(r"(^|[._-])(ema|shadow|avg|average[ds]?|swa)\d*([._-]|$)|^ema|ema\d*$")
RAW_NAMES = re.compile(r"non?[._-]?ema|(^|[._])online")  # online: ema-pytorch's copy of the network
DEPTH = 3
OF_LIT_EMA = frozenset(("decay", "num_updates"))


def is_average(name: str) -> bool:
    """Whether a key or prefix of this name is an average's."""
    return bool(AVERAGE.search(name)) and not RAW_NAMES.search(name)


def lists_in(data: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[str, list[Tensor]]]:
    """Every average in ``data`` that is a list of tensors, by the keys that lead to it."""
    if len(keys) > DEPTH:
        return
    for key, value in _inside(data):
        if isinstance(value, Sequence) and is_average(key):
            tensors = [each for each in value if isinstance(each, Tensor)]
            if len(tensors) == len(value) and any(tensor.ndim for tensor in tensors):
                yield ".".join((*keys, key)), tensors
                continue
        yield from lists_in(value, (*keys, key))


def _inside(data: object) -> Iterator[tuple[str, object]]:
    """What a dict holds by name, or a list of dicts by number."""
    if isinstance(data, Mapping):
        yield from ((key, value) for key, value in data.items() if isinstance(key, str))
    elif isinstance(data, list | tuple):
        yield from ((str(i), each) for i, each in enumerate(data) if isinstance(each, Mapping))


def with_points(state: State) -> State:
    """``state``, in which an average that lies under names without points, as
    ``model_ema.blocks0attnqkvweight``, has those of the network beside it.

    What it lacks, as what is not trained, is the network's.
    """
    for head in {name.partition(".")[0] for name in state}:
        inside = {name.partition(".")[2] for name in state if name.startswith(f"{head}.")}
        flat = inside - OF_LIT_EMA
        if not is_average(head) or not flat or any("." in name for name in flat):
            continue
        for root in {name.partition(".")[0] for name in state} - {head}:
            of_network = [name.partition(".")[2] for name in state if name.startswith(f"{root}.")]
            back = {name.replace(".", ""): name for name in of_network}
            if flat <= back.keys() and any(name not in flat for name in back.values()):
                kept = {n: t for n, t in state.items() if not n.startswith(f"{head}.")}
                average = {f"{head}.{name}": kept[f"{root}.{name}"] for name in of_network}
                return {
                    **kept,
                    **average,
                    **{f"{head}.{back[name]}": state[f"{head}.{name}"] for name in flat},
                }
    return state


def named(tensors: list[Tensor], state: State) -> State | None:
    """``state`` with the values of ``tensors``, which are in its order and may lack some, such as
    buffers; None where their shapes leave in doubt which is which.
    """
    shapes = [(name, tensor.shape) for name, tensor in state.items()]
    first = _matched(shapes, tensors)
    last = _matched(shapes[::-1], tensors[::-1])
    if first is None or last is None or first != last[::-1]:
        return None
    return {**state, **dict(zip(first, tensors))}


def _matched(shapes: list[tuple[str, tuple]], tensors: list[Tensor]) -> list[str] | None:
    """The earliest names whose shapes are those of ``tensors``, in order."""
    names, rest = [], iter(shapes)
    for tensor in tensors:
        name = next((name for name, shape in rest if shape == tensor.shape), None)
        if name is None:
            return None
        names.append(name)
    return names
