"""How many multiply-accumulates does a network really do? fvcore's count of a traced forward pass.

The trace runs on the meta device, where it can. Matrix products and convolutions count, one per
multiply-accumulate (the DiT paper's "Gflops"), and so do sums of products that are matrix products
written out. Norms, elementwise work, lookups and data movement count as zero, each by name. Any
other operation that fvcore would leave out is an error, so nothing goes uncounted. By default
fvcore only warns, and it drops both products of ``scaled_dot_product_attention``: 10 % of S/2 but
0.7 % of S/8, enough to bend a scaling curve.
"""

import contextlib
import functools
import itertools
import warnings
from typing import NamedTuple

import torch
from torch import Tensor, nn

from scaling.models import initialised, without_weights
from scaling.models.counting.count_zero import ZERO, multiplies_nothing
from scaling.study.costs import layers
from scaling.study.families.outside.source import is_outside
from scaling.study.libraries import first_line
from scaling.study.network import Network

with warnings.catch_warnings():
    # fvcore traces with torch.jit, which is deprecated
    warnings.filterwarnings("ignore", message=".*torch.jit")
    from fvcore.nn import FlopCountAnalysis

    from scaling.models.counting import meta_convolution
    from scaling.models.counting.handles import HANDLES, zero_macs

TOLERANCE = 5e-3  # relative difference allowed between a family's layers and fvcore's count


class Uncounted(ValueError):
    """An operation that is neither counted nor listed as zero, or a network not to be traced."""


class Count(NamedTuple):
    """Multiply-accumulates of one forward pass."""

    macs: int
    # dotted name -> MACs of that module and everything below it; "" is the whole network
    by_module: dict[str, int]


def count_macs(module: nn.Module, inputs: tuple[Tensor, ...]) -> Count:
    """Trace ``module(*inputs)`` and count its MACs. Meta tensors cost neither time nor memory.

    Raises Uncounted for an operation that is neither counted nor in ``ZERO``.
    """
    analysis = FlopCountAnalysis(module, inputs)
    analysis.set_op_handle(**HANDLES)
    for name in ZERO:
        # a handle, not None: None would leave fvcore's own handles for norms in force
        analysis.set_op_handle(name, zero_macs)
    # Neither warning is needed. Unsupported operations are refused below. A module that is never
    # called is usually a SiLU applied once for all blocks, and a parameter counts wherever it is
    # used.
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    with warnings.catch_warnings(), torch.no_grad(), _shapes_alone(inputs):
        warnings.filterwarnings("ignore", message=".*torch.jit")
        try:
            macs = int(analysis.total())
        # torch's tracer and a person's own code each raise their own
        except Exception as error:
            raise Uncounted(
                f"{type(module).__name__} cannot be traced to be counted ({first_line(error)}); "
                "torch.jit.trace takes no compiled or scripted module, no reentrant checkpoint and "
                "no flex_attention: build the network without them"
            ) from error
        by_module = {name: int(value) for name, value in analysis.by_module().items()}
    missing = {
        name: times
        for name, times in analysis.unsupported_ops().items()
        if not multiplies_nothing(name)
    }
    if missing:
        names = ", ".join(f"{name} (x{times})" for name, times in sorted(missing.items()))
        raise Uncounted(
            f"{type(module).__name__} does operations that are not counted: {names}; "
            f"give each a handle or add it to ZERO (scaling/models/counting/count_zero.py)"
        )
    return Count(macs, by_module)


@functools.lru_cache(maxsize=1)
def _network(spec: Network) -> tuple[nn.Module, str]:
    """The network, and the device that it is asked on: meta, without a weight allocated, or the CPU
    where a person's code cannot be called on meta tensors. The next question is often of the same.
    """
    model = without_weights(spec).eval()
    tensors = itertools.chain(model.parameters(), model.buffers())
    if not all(tensor.is_meta for tensor in tensors):
        return model, "cpu"
    if is_outside(type(spec)):
        try:
            _call(model, example_inputs(spec, device="meta"))
        except Exception:  # what is wrong on the CPU, too, is raised there
            return initialised(spec, torch.Generator()).eval(), "cpu"
    return model, "meta"


def _call(model: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    with torch.no_grad(), _shapes_alone(inputs):
        return model(*inputs)


def _shapes_alone(inputs: tuple[Tensor, ...]) -> contextlib.AbstractContextManager:
    """Within it, convolutions of meta tensors give shapes."""
    on_meta = all(x.is_meta for x in inputs)
    return meta_convolution.traced_convolutions() if on_meta else contextlib.nullcontext()


def count(spec: Network) -> Count:
    """The multiply-accumulates of ``spec`` on one image, on the meta device where it can be."""
    model, device = _network(spec)
    return count_macs(model, example_inputs(spec, device=device))


def _check_output(spec: Network) -> None:
    """ValueError where the network cannot be called, gives another shape or type than it must,
    changes what it is given, or has nothing to train.

    A loss of shapes that differ may be broadcast: it trains, and means nothing. The loss and the
    sampler use the images again that they gave.
    """
    try:
        model, device = _network(spec)
        inputs = example_inputs(spec, batch=2, device=device)
        versions = [tensor._version for tensor in inputs]
        output = model(*inputs)
        shape, dtype = tuple(output.shape), output.dtype
    except Exception as error:  # a person's own code may raise anything
        why = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(f"the network {spec.name} cannot be built and called: {why}") from error
    must = (2, spec.out_channels, *spec.input_shape[1:])
    if shape != must:
        raise ValueError(
            f"forward(x, t, y) of {spec.name} returns {shape} for 2 images, and must return {must}:"
            " (images, out_channels, ...), out_channels twice the image's where sigma is learned"
        )
    changed = [name for name, x, version in zip("xty", inputs, versions) if x._version != version]
    if changed:
        raise ValueError(
            f"forward(x, t, y) of {spec.name} changes {' and '.join(changed)} in place, and the "
            f"loss and the sampler use what they gave again; work on {changed[0]}.clone()"
        )
    if not dtype.is_floating_point:
        raise ValueError(
            f"forward(x, t, y) of {spec.name} returns numbers of {dtype}, which have no gradient; "
            "it must return floats"
        )
    if not trainable_params(spec):
        raise ValueError(
            f"the network {spec.name} has no parameter to train; give build() a module with some "
            "whose requires_grad is true"
        )
    if not output.requires_grad:
        raise ValueError(
            f"forward(x, t, y) of {spec.name} returns numbers without a gradient, as after "
            ".detach() or under torch.no_grad(); return what follows from its weights"
        )


def checked_count(spec: Network) -> Count:
    """As ``count``, but ValueError if the family's ``layers`` differ from it by more than 0.5 %.

    Plans are priced by the layers and records hold fvcore's count. If the two differ, one of them
    is wrong, and so is every law of the study.
    """
    _check_output(spec)
    counted = count(spec)
    parts = spec.layers()
    if parts is not None:
        measured = {"forward MACs": counted.macs, "parameters": trainable_params(spec)}
        stated = {"forward MACs": layers.macs(parts), "parameters": layers.params(parts)}
        for what, number in measured.items():
            if abs(stated[what] - number) > TOLERANCE * number:
                raise ValueError(
                    f"layers() of {spec.name} (family {spec.family!r}) gives {stated[what]:,} "
                    f"{what}, its network has {number:,}; mend layers(), or leave it out so that "
                    "the network itself is counted"
                )
    return counted


def example_inputs(
    spec: Network, batch: int = 1, device: torch.device | str = "cpu"
) -> tuple[Tensor, ...]:
    """Zeros with the shapes and types of ``model(x, t, y)``."""
    x = torch.zeros(batch, *spec.input_shape, device=device)
    t = torch.zeros(batch, dtype=torch.long, device=device)
    return x, t, torch.zeros_like(t)


def trainable_params(spec: Network) -> int:
    """Parameters that an optimiser would train; a fixed position table is not counted."""
    return sum(p.numel() for p in _network(spec)[0].parameters() if p.requires_grad)
