"""How is a convolution traced on the meta device? By an operator of ours that only tells the shape.

torch's own shape checks of a convolution fail while ``torch.jit.trace``, fvcore's instrument,
follows a meta tensor: sizes are tensors then. Within ``traced_convolutions`` all convolutions go
through ``scaling::convolution``, which has no kernel but the one that gives the output's shape.
"""

import math
from collections.abc import Sequence

import torch
from fvcore.nn.jit_handles import get_shape
from torch import Tensor
from torch.overrides import TorchFunctionMode

NAME = "scaling::convolution"


SCHEMA = (  # by hand: of the one that torch infers, SymInt[], the tracer records no list
    "(Tensor x, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, "
    "int[] output_padding, int groups, bool transposed) -> Tensor"
)


@torch.library.custom_op(NAME, mutates_args=(), schema=SCHEMA)
def convolution(
    x, weight, bias, stride, padding, dilation, output_padding, groups, transposed
) -> Tensor:
    raise RuntimeError(f"{NAME} is for shapes on the meta device alone, got {x.device}")


@convolution.register_fake
def _(x, weight, bias, stride, padding, dilation, output_padding, groups, transposed) -> Tensor:
    sizes = []
    for n, size in enumerate(x.shape[2:]):
        reach = dilation[n] * (weight.shape[2 + n] - 1)
        if transposed:
            out = (size - 1) * stride[n] - 2 * padding[n] + reach + output_padding[n] + 1
        else:
            out = (size + 2 * padding[n] - reach - 1) // stride[n] + 1
        sizes.append(out)
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    return x.new_empty((x.shape[0], channels, *sizes))


def convolution_macs(inputs: Sequence, outputs: Sequence) -> int:
    """fvcore handle: each output (of a transposed one each input) meets the kernel once."""
    x, weight, out = get_shape(inputs[0]), get_shape(inputs[1]), get_shape(outputs[0])
    transposed = bool(inputs[8].toIValue())
    return math.prod(x if transposed else out) * math.prod(weight[1:])


class traced_convolutions(TorchFunctionMode):
    """A context in which the convolutions of meta tensors are ``scaling::convolution``."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in PLAIN:
            return _plain(*args, **kwargs)
        if function in TRANSPOSED:
            return _transposed(*args, **kwargs)
        return function(*args, **kwargs)


PLAIN = (torch.conv1d, torch.conv2d, torch.conv3d)
TRANSPOSED = (torch.conv_transpose1d, torch.conv_transpose2d, torch.conv_transpose3d)


def _plain(input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1) -> Tensor:
    sides = len(weight.shape) - 2
    dilation = _each(dilation, sides)
    if padding == "valid":
        padding = 0
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        if any(r % 2 for r in reach):  # torch pads the end by one more: the size stays
            input = torch.nn.functional.pad(input, [n for r in reversed(reach) for n in (0, r % 2)])
        padding = [r // 2 for r in reach]
    stride, padding = _each(stride, sides), _each(padding, sides)
    none = _each(0, sides)
    return convolution(input, weight, bias, stride, padding, dilation, none, groups, False)


def _transposed(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
) -> Tensor:
    sides = len(weight.shape) - 2
    stride, padding = _each(stride, sides), _each(padding, sides)
    more, dilation = _each(output_padding, sides), _each(dilation, sides)
    return convolution(input, weight, bias, stride, padding, dilation, more, groups, True)


def _each(value, sides: int) -> list[int]:
    """One number for each side, as torch repeats a single one."""
    values = [value] if isinstance(value, int) else list(value)
    return values * sides if len(values) == 1 else values
