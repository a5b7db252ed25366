"""How do weights of SiT's released code become ours? Time and velocity run the other way there.

SiT (arXiv 2401.08740) names and shapes its weights as DiT does. Its code has t = 0 at the noise and
t = 1 at the image, and learns x_0 - noise; here t = 0 is the image and v = noise - x_0. It also has
twice the output channels and uses the first half. So

    v_ours(x, t) = -SiT(x, 1 - t)[first C channels],

which the weights can say exactly. The sign and the channels are rows of the last linear. For the
time, the first linear of its embedder is W = [C | S] over [cos w t, sin w t], with w the embedder's
frequencies. cos and sin of w (1 - t) are sums of those of w t, so

    [C | S]  becomes  [C cos w + S sin w | C sin w - S cos w].

Done twice this is the identity, so the same rotation writes our weights as SiT's.
"""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scaling.models.networks.embeddings import TimestepEmbedder
from scaling.models.weights import Format, State
from scaling.study.families.dit.spec import ModelSpec

TIME = "t_embedder.mlp.0.weight"
LAST = ("final_layer.linear.weight", "final_layer.linear.bias")


def time_reversed(weight: Tensor) -> Tensor:
    """The time embedder's first weight (d, 2K) that gives at t what ``weight`` gives at 1 - t."""
    rates = TimestepEmbedder(1).rates.double()  # w, (K,)
    of_cos, of_sin = weight.double().chunk(2, dim=1)
    cos, sin = rates.cos(), rates.sin()
    return torch.cat((of_cos * cos + of_sin * sin, of_cos * sin - of_sin * cos), 1).to(weight.dtype)


def from_sit(state: Mapping[str, Tensor], channels: int) -> State:
    """The state dict of SiT's released code as one of a flow here, with ``channels`` outputs."""
    out = dict(state)
    out[TIME] = time_reversed(state[TIME])
    pixels = state["x_embedder.proj.weight"].shape[-1] ** 2
    for name in LAST:  # (p * p * outputs, ...), outputs innermost
        by_pixel = state[name].unflatten(0, (pixels, -1))
        out[name] = -by_pixel[:, :channels].flatten(0, 1)
    return out


def to_sit(spec: ModelSpec, state: Mapping[str, Tensor]) -> State:
    """Our flow's state dict for SiT's released code; the unused outputs are zero."""
    out = dict(state)
    out[TIME] = time_reversed(state[TIME])
    for name in LAST:
        by_pixel = -state[name].unflatten(0, (-1, spec.channels))
        out[name] = torch.cat((by_pixel, torch.zeros_like(by_pixel)), 1).flatten(0, 1)
    return out


def write_sit(path: Path, spec: ModelSpec, state: State) -> None:
    """Write the file ``path`` as SiT's released code loads it: a raw state dict."""
    torch.save({name: tensor.contiguous() for name, tensor in to_sit(spec, state).items()}, path)


FORMAT = Format(write_sit, "-sit.pt", objectives=("flow",))
