"""Which norms, MLPs and rotary positions can a block have? Tables by the names that specs allow.

Shapes: B images, S tokens, d width, h heads, e channels of a head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scaling.models.networks.embeddings import MAX_PERIOD
from scaling.study.families.dit.variant import axis_channels

NORM_EPS = 1e-6
COMPLEX = (torch.float32, torch.float64)  # of which torch has complex numbers on every device


def _layer_norm(width: int) -> nn.Module:
    """Without weights: affine norms would miss the published parameter counts."""
    return nn.LayerNorm(width, eps=NORM_EPS, elementwise_affine=False)


def _rms_norm(width: int) -> nn.Module:
    """With a trained scale, as JiT and LightningDiT have it."""
    return nn.RMSNorm(width, eps=NORM_EPS)


class Mlp(nn.Module):
    """Two linears around a GELU (the tanh form, as in the reference code)."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class GatedMlp(nn.Module):
    """SwiGLU (arXiv 2002.05202): one half of the hidden channels gates the other."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.w12 = nn.Linear(width, 2 * hidden)
        self.w3 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.w12(x).chunk(2, dim=-1)
        return self.w3(F.silu(gate) * value)


NORMS = {"layer": _layer_norm, "rms": _rms_norm}
MLPS = {"gelu": Mlp, "swiglu": GatedMlp}


class HeadNorm(nn.Module):
    """Queries and keys RMS-normed over the channels of each head, before they are rotated."""

    def __init__(self, channels: int):
        super().__init__()
        self.q, self.k = _rms_norm(channels), _rms_norm(channels)

    def forward(self, q: Tensor, k: Tensor) -> tuple[Tensor, Tensor]:
        """q and k (B, S, h, e), shapes kept; in their own precision under autocast too."""
        return self.q(q).to(q.dtype), self.k(k).to(k.dtype)


def rotations(
    channels: int, side: int, columns: int | None = None, extra: int = 0, steps: int = 1
) -> Tensor:
    """Cosines and sines (2, steps * side * columns + extra, channels / 2) of axial positions.

    Of an image, of one step in time, one half of a head's pairs of channels turns with the row, the
    other with the column. Of a clip, the first pairs turn with the step, then those of the row and
    of the column, split as ``axis_channels`` says. The ``extra`` tokens at the end have no place
    and are not turned. ``columns``: None a ``side``.
    """
    columns = columns or side
    places = (steps, side, columns)
    grid = torch.meshgrid(*(torch.arange(n, dtype=torch.float64) for n in places), indexing="ij")
    turned = []
    for place, own in zip(grid, axis_channels(channels, steps)):
        rates = MAX_PERIOD ** -(torch.arange(own // 2, dtype=torch.float64) / max(own // 2, 1))
        turned.append(place.reshape(-1, 1) * rates)  # (tokens, own/2)
    placed = torch.cat(turned, dim=-1)
    angles = torch.cat((placed, placed.new_zeros(extra, channels // 2)))
    # a cosine lies beside its sine in memory, as ``rotated`` reads them
    return torch.stack((angles.cos(), angles.sin()), dim=-1).float().movedim(-1, 0)


def rotated(x: Tensor, turns: Tensor) -> Tensor:
    """x (B, S, h, e) with each pair of neighbouring channels turned by ``turns`` (2, S, e/2)."""
    pairs, dtype = x.unflatten(-1, (-1, 2)), torch.promote_types(x.dtype, turns.dtype)
    if dtype in COMPLEX and not torch.compiler.is_compiling():
        # As complex numbers: the same products in fewer passes, where nothing fuses them.
        by = torch.view_as_complex(turns.to(dtype).movedim(0, -1).contiguous())[:, None]
        turned = torch.view_as_real(torch.view_as_complex(pairs.to(dtype)) * by)
        return turned.flatten(-2).to(x.dtype)
    cos, sin = turns[:, :, None]  # (S, 1, e/2)
    first, second = pairs.unbind(-1)
    turned = torch.stack((first * cos - second * sin, first * sin + second * cos), dim=-1)
    return turned.flatten(-2).to(x.dtype)
