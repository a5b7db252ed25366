"""How do an image or a clip, a timestep and a label become vectors?

Shapes: B images or clips, C channels, F frames (of an image one, which has no dimension), H x W
pixels, patches of r frames and p x p pixels, T tokens, d width, K classes.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scaling.study.families.dit.layers import FREQUENCIES

MAX_PERIOD = 10_000  # of the sinusoids for both positions and timesteps (DiT's code, models.py)


def patches(x: Tensor, p: int, r: int = 1) -> Tensor:
    """(B, C, [F,] H, W) -> (B, T, C * r * p * p); a patch's channels are outermost."""
    if x.ndim == 4:
        B, C, H, W = x.shape
        # (B, H/p, W/p, C, p, p)
        x = x.reshape(B, C, H // p, p, W // p, p).permute(0, 2, 4, 1, 3, 5)
        return x.reshape(B, (H // p) * (W // p), C * p * p)
    B, C, F, H, W = x.shape
    # (B, F/r, H/p, W/p, C, r, p, p)
    x = x.reshape(B, C, F // r, r, H // p, p, W // p, p).permute(0, 2, 4, 6, 1, 3, 5, 7)
    return x.reshape(B, (F // r) * (H // p) * (W // p), C * r * p * p)


class PatchEmbed(nn.Module):
    """Cuts an image or a clip into patches and embeds each.

    This is a convolution with kernel and stride p, written as a reshape and a linear because
    torch's tracer, which fvcore uses, fails on a Conv2d of meta tensors. The weight keeps the
    convolution's name and shape: (d, C, p, p), or (d, C, r, p, p) where a patch spans ``patch_t``
    frames, r. So the weights of an image's DiT fit a clip's whose patches are of one frame.
    """

    def __init__(self, channels: int, patch: int, width: int, patch_t: int = 1):
        super().__init__()
        self.patch, self.patch_t = patch, patch_t
        self.proj = nn.Module()
        self.proj.weight = nn.Parameter(_kernel(width, channels, patch, patch_t))
        self.proj.bias = nn.Parameter(torch.empty(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, [F,] H, W) -> (B, T, d)."""
        cut = patches(x, self.patch, self.patch_t)
        return F.linear(cut, self.proj.weight.flatten(1), self.proj.bias)


def _kernel(width: int, channels: int, patch: int, patch_t: int) -> Tensor:
    """An empty weight that turns a patch into ``width`` channels."""
    return torch.empty(width, channels, *((patch_t,) if patch_t > 1 else ()), patch, patch)


class BottleneckPatchEmbed(nn.Module):
    """Embeds each patch through fewer channels (JiT, arXiv 2511.13720), the first linear unbiased.

    It keeps what is low-dimensional in patches of pixels.
    """

    def __init__(self, channels: int, patch: int, bottleneck: int, width: int, patch_t: int = 1):
        super().__init__()
        self.patch, self.patch_t = patch, patch_t
        self.proj = nn.Module()
        self.proj.weight = nn.Parameter(_kernel(bottleneck, channels, patch, patch_t))
        self.expand = nn.Linear(bottleneck, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, [F,] H, W) -> (B, T, d)."""
        cut = patches(x, self.patch, self.patch_t)
        return self.expand(F.linear(cut, self.proj.weight.flatten(1)))


def unpatchify(x: Tensor, patch: int, columns: int | None = None) -> Tensor:
    """(B, T, p * p * C) -> (B, C, H, W): put the patches of an image back together.

    Channels are innermost in a patch. ``columns`` is how many patches stand side by side; None in a
    square.
    """
    B, T, pixels = x.shape
    columns, C = columns or math.isqrt(T), pixels // patch**2
    rows = T // columns
    x = x.view(B, rows, columns, patch, patch, C).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(B, C, rows * patch, columns * patch)


def clip_of(x: Tensor, patch: int, patch_t: int, grid: tuple[int, int, int]) -> Tensor:
    """(B, T, r * p * p * C) -> (B, C, F, H, W): put the patches of a clip back together.

    Channels are innermost in a patch of r = ``patch_t`` frames; ``grid`` is how many patches there
    are in time, from top to bottom and side by side.
    """
    B, p = len(x), patch
    x = x.view(B, *grid, patch_t, p, p, -1).permute(0, 7, 1, 4, 2, 5, 3, 6)
    return x.reshape(B, x.shape[1], grid[0] * patch_t, grid[1] * p, grid[2] * p)


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


def sincos_positions(width: int, side: int, columns: int | None = None, steps: int = 1) -> Tensor:
    """The fixed sine-cosine table (1, steps * side * columns, width) of a grid of patches.

    In an image, of one step in time, one half of the channels encodes the column, the other the row
    (MAE's code). In a clip a quarter of the channels encodes the step, and the rest is an image's
    table (CogVideoX, arXiv 2408.06072, as in diffusers). ``columns``: None as many as rows, a
    ``side``.
    """
    columns = columns or side
    space = width if steps == 1 else width - width // 4
    lines = {count: _line(space // 2, count) for count in (side, columns)}
    across = lines[columns][None, :].expand(side, columns, -1)  # the column varies along a row
    down = lines[side][:, None].expand(side, columns, -1)
    plane = torch.cat((across, down), dim=-1).reshape(side * columns, space)
    if steps == 1:
        return plane[None].float()
    time = _line(width // 4, steps)[:, None].expand(steps, side * columns, -1)
    both = torch.cat((time, plane.expand(steps, -1, -1)), dim=-1)
    return both.reshape(1, steps * side * columns, width).float()


def _line(channels: int, count: int) -> Tensor:
    """Sines and cosines (count, channels) of the places along one axis."""
    half = channels // 2
    rates = MAX_PERIOD ** -(torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(count, dtype=torch.float64)[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=-1)
