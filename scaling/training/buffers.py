"""What does a network hold beside the weights that are trained? Buffers, and frozen parameters.

Of the suite's families they follow from the spec. A network of a user's file may draw them, as
random frequencies, or change them while it trains, as running statistics; checkpoints keep them.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from scaling.study.families.outside.source import is_outside
from scaling.training.workers import shared, whole


def beside(model: nn.Module) -> dict[str, Tensor]:
    """What the state dict of ``model`` holds beside trained parameters, by name; nothing of the
    suite's own families. A tensor of two names has the first.
    """
    if not is_outside(type(model.spec)):
        return {}
    frozen = {name: p for name, p in model.named_parameters() if not p.requires_grad}
    kept = model.state_dict().keys()
    return frozen | {name: b for name, b in model.named_buffers() if name in kept}


def copied(model: nn.Module) -> dict[str, Tensor]:
    """A copy in main memory of what is ``beside``, whole, whatever the layout of the workers."""
    return {
        name: whole(tensor, tensor).to("cpu", copy=True).contiguous()
        for name, tensor in beside(model).items()
    }


@torch.no_grad()
def load_beside(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put ``tensors`` back; those that a checkpoint does not hold stay as they were built.

    ValueError names one that the model has not.
    """
    here = beside(model)
    if odd := sorted(tensors.keys() - here.keys()):
        raise ValueError(f"checkpoint holds {', '.join(odd[:3])}, and the model has none such")
    for name, tensor in tensors.items():
        here[name].copy_(shared(tensor, here[name]))
