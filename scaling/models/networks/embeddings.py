"""How do an image, a timestep and a label become vectors?

Shapes: B images, C channels, I pixels per side, p pixels per patch side, T tokens, d width, K
classes.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scaling.study.families.dit import FREQUENCIES

MAX_PERIOD = 10_000  # of the sinusoids for both positions and timesteps (DiT's code, models.py)


def patches(x: Tensor, p: int) -> Tensor:
    """(B, C, I, I) -> (B, T, C * p * p); a patch's channels are outermost."""
    B, C, H, W = x.shape
    # (B, H/p, W/p, C, p, p)
    x = x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5)
    return x.reshape(B, (H // p) * (W // p), C * p * p)


class PatchEmbed(nn.Module):
    """Cuts an image into patches and embeds each.

    This is a convolution with kernel and stride p, written as a reshape and a linear because
    torch's tracer, which fvcore uses, fails on a Conv2d of meta tensors. The weight keeps the
    convolution's name and shape: (d, C, p, p).
    """

    def __init__(self, channels: int, patch: int, width: int):
        super().__init__()
        self.patch = patch
        self.proj = nn.Module()
        self.proj.weight = nn.Parameter(torch.empty(width, channels, patch, patch))
        self.proj.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, I, I) -> (B, T, d)."""
        return F.linear(patches(x, self.patch), self.proj.weight.flatten(1), self.proj.bias)


class BottleneckPatchEmbed(nn.Module):
    """Embeds each patch through fewer channels (JiT, arXiv 2511.13720), the first linear unbiased.

    It keeps what is low-dimensional in patches of pixels.
    """

    def __init__(self, channels: int, patch: int, bottleneck: int, width: int):
        super().__init__()
        self.patch = patch
        self.proj = nn.Module()
        self.proj.weight = nn.Parameter(torch.empty(bottleneck, channels, patch, patch))
        self.expand = nn.Linear(bottleneck, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, I, I) -> (B, T, d)."""
        return self.expand(F.linear(patches(x, self.patch), self.proj.weight.flatten(1)))


def unpatchify(x: Tensor, patch: int) -> Tensor:
    """(B, T, p * p * C) -> (B, C, I, I): put the patches of a square grid back together.

    Channels are innermost in a patch.
    """
    B, T, pixels = x.shape
    side, C = math.isqrt(T), pixels // patch**2
    x = x.view(B, side, side, patch, patch, C).permute(0, 5, 1, 3, 2, 4)  # (B, C, side, p, side, p)
    return x.reshape(B, C, side * patch, side * patch)


class TimestepEmbedder(nn.Module):
    """Sinusoids of the timestep through a two-layer MLP (DiT's code, after GLIDE).

    Fractional timesteps are allowed.
    """

    def __init__(self, width: int):
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))
        half = FREQUENCIES // 2
        rates = torch.exp(-math.log(MAX_PERIOD) * torch.arange(half, dtype=torch.float32) / half)
        self.register_buffer("rates", rates, persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        """(B,) -> (B, d)."""
        angles = t[:, None].float() * self.rates  # fp32: half precision is too coarse at t = 999
        features = torch.cat((angles.cos(), angles.sin()), dim=-1)  # (B, FREQUENCIES)
        return self.mlp(features.to(self.mlp[0].weight.dtype))


class LabelEmbedder(nn.Module):
    """One vector per class, and one more, the last, for "no label"."""

    def __init__(self, num_classes: int, width: int):
        super().__init__()
        self.embedding_table = nn.Embedding(num_classes + 1, width)

    def forward(self, y: Tensor) -> Tensor:
        """(B,) -> (B, d)."""
        return self.embedding_table(y)


def sincos_positions(width: int, side: int) -> Tensor:
    """The fixed 2-D sine-cosine table (1, side * side, width), as in MAE's code.

    One half of the channels encodes the column, the other the row.
    """
    quarter = width // 4
    rates = MAX_PERIOD ** -(torch.arange(quarter, dtype=torch.float64) / quarter)
    angles = torch.arange(side, dtype=torch.float64)[:, None] * rates  # (side, d/4)
    line = torch.cat((angles.sin(), angles.cos()), dim=-1)  # (side, d/2)
    columns = line[None, :].expand(side, side, -1)  # the column index varies along a row
    rows = line[:, None].expand(side, side, -1)
    return torch.cat((columns, rows), dim=-1).reshape(1, side * side, width).float()
