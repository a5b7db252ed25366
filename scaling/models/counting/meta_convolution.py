"""How is a convolution traced on the meta device? As an operator that only computes its shape.

``torch.jit.trace``, which fvcore uses, represents sizes as tensors, and torch's own shape checks of
a convolution fail on those for meta tensors. Within ``traced_convolutions`` all convolutions
therefore go through ``scaling::convolution``, which has no kernel apart from the one that gives the
output's shape.
"""

import math
from collections.abc import Sequence

import torch
from fvcore.nn.jit_handles import get_shape
from torch import Tensor
from torch.overrides import TorchFunctionMode

NAME = "scaling::convolution"


SCHEMA = (  # written by hand: the tracer records no list for the SymInt[] that torch infers
    "(Tensor x, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, "
    "int[] output_padding, int groups, bool transposed) -> Tensor"
)


@torch.library.custom_op(NAME, mutates_args=(), schema=SCHEMA)
def convolution(
    x, weight, bias, stride, padding, dilation, output_padding, groups, transposed
) -> Tensor:
    raise RuntimeError(f"{NAME} only gives shapes on the meta device, got {x.device}")


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
    """fvcore handle: one kernel's MACs per output number or, if transposed, per input number."""
    x, weight, out = get_shape(inputs[0]), get_shape(inputs[1]), get_shape(outputs[0])
    transposed = bool(inputs[8].toIValue())
    return math.prod(x if transposed else out) * math.prod(weight[1:])


class traced_convolutions(TorchFunctionMode):
    """A context in which convolutions of meta tensors go through ``scaling::convolution``."""

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
    if len(input.shape) == sides + 1:  # one image, without a batch
        one = _plain(input[None], weight, bias, stride, padding, dilation, groups)
        return one.squeeze(0)
    dilation = _per_side(dilation, sides)
    if padding == "valid":
        padding = 0
    if padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        if any(r % 2 for r in reach):  # torch pads the end by one more, so the size stays the same
            input = torch.nn.functional.pad(input, [n for r in reversed(reach) for n in (0, r % 2)])
        padding = [r // 2 for r in reach]
    stride, padding = _per_side(stride, sides), _per_side(padding, sides)
    none = _per_side(0, sides)
    return convolution(input, weight, bias, stride, padding, dilation, none, groups, False)


def _transposed(
    input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1
) -> Tensor:
    sides = len(weight.shape) - 2
    if len(input.shape) == sides + 1:
        one = _transposed(
            input[None], weight, bias, stride, padding, output_padding, groups, dilation
        )
        return one.squeeze(0)
    stride, padding = _per_side(stride, sides), _per_side(padding, sides)
    extra, dilation = _per_side(output_padding, sides), _per_side(dilation, sides)
    return convolution(input, weight, bias, stride, padding, dilation, extra, groups, True)


def _per_side(value, sides: int) -> list[int]:
    """One number per side; a single number is repeated, as torch does."""
    values = [value] if isinstance(value, int) else list(value)
    return values * sides if len(values) == 1 else values
