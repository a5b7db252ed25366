"""Which entries are an average's that was saved as a list, without names? torch_ema and diffusers'
EMAModel write one (``shadow_params``), in the order of the network's parameters.
"""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor

State = dict[str, Tensor]
LIST = "shadow_params"
DEPTH = 3


def lists_in(data: object, keys: tuple[str, ...] = ()) -> Iterator[tuple[str, list[Tensor]]]:
    """Every average in ``data`` that is a list of tensors, by the keys that lead to it."""
    if not isinstance(data, Mapping) or len(keys) > DEPTH:
        return
    for key, value in data.items():
        if key == LIST and isinstance(value, Sequence):
            tensors = [each for each in value if isinstance(each, Tensor)]
            if tensors and len(tensors) == len(value):
                yield ".".join((*keys, key)), tensors
        elif isinstance(key, str):
            yield from lists_in(value, (*keys, key))


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
