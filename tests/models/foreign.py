"""What do other codes' networks compute and save? A tiny network of SiT's form, and wrappers.

It is written after the description of SiT's released code: DiT's names, t = 0 at the noise and
t = 1 at the image, velocity x_0 - noise, twice the channels as outputs of which half are used.
"""

import itertools
import math

import torch
from torch import Tensor, nn

from scaling.models.networks.embeddings import sincos_positions


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        B, T, d = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) / math.sqrt(d // self.heads)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(B, T, d))


class Block(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.attn = Attention(width, heads)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)}
        )
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        a = self.adaLN_modulation(c)[:, None].chunk(6, dim=-1)
        x = x + a[2] * self.attn(self.norm(x) * (1 + a[1]) + a[0])
        h = self.mlp["fc1"](self.norm(x) * (1 + a[4]) + a[3])
        return x + a[5] * self.mlp["fc2"](nn.functional.gelu(h, approximate="tanh"))


class Final(nn.Module):
    def __init__(self, width: int, outputs: int):
        super().__init__()
        self.norm = nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)
        self.linear = nn.Linear(width, outputs)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(c)[:, None].chunk(2, dim=-1)
        return self.linear(self.norm(x) * (1 + scale) + shift)


class SiT(nn.Module):
    """A tiny network of SiT's form with random weights; ``null``: the label table has that row."""

    def __init__(
        self, width=32, depth=2, heads=4, size=8, patch=2, channels=3, classes=7, null=True,
        outputs=2,
    ):  # fmt: skip
        super().__init__()
        self.patch, self.channels, self.outputs = patch, channels, outputs * channels
        self.x_embedder = nn.ModuleDict({"proj": nn.Conv2d(channels, width, patch, patch)})
        self.t_embedder = nn.ModuleDict(
            {"mlp": nn.Sequential(nn.Linear(256, width), nn.SiLU(), nn.Linear(width, width))}
        )
        self.y_embedder = nn.ModuleDict({"embedding_table": nn.Embedding(classes + null, width)})
        self.pos_embed = nn.Parameter(sincos_positions(width, size // patch), requires_grad=False)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(depth))
        self.final_layer = Final(width, patch**2 * self.outputs)
        for p in (p for p in self.parameters() if p.requires_grad):
            nn.init.normal_(p, std=0.2)
        self.eval()

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        B, _, H, W = x.shape
        p = self.patch
        angles = t[:, None] * torch.exp(-math.log(10_000) * torch.arange(128) / 128)
        time = self.t_embedder["mlp"](torch.cat((angles.cos(), angles.sin()), dim=1))
        c = time + self.y_embedder["embedding_table"](y)
        x = self.x_embedder["proj"](x).flatten(2).transpose(1, 2) + self.pos_embed
        for block in self.blocks:
            x = block(x, c)
        x = self.final_layer(x, c).view(B, H // p, W // p, p, p, self.outputs)
        x = x.permute(0, 5, 1, 3, 2, 4).reshape(B, self.outputs, H, W)
        return x[:, : self.channels]

    @torch.no_grad()
    def sampled(self, noise: Tensor, y: Tensor, points: int) -> Tensor:
        """Euler from the noise at time 0 to the image at time 1, in points - 1 steps."""
        x, times = noise, torch.linspace(0, 1, points)
        for t, after in itertools.pairwise(times):
            x = x + (after - t) * self(x, t.expand(len(x)), y)
        return x
