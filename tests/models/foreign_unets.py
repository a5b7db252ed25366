"""What do the U-Nets of ADM's and LDM's code compute, and under which names do they keep it?

Small networks written after the papers' appendices and the layout of the released checkpoints.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 32


def sinusoids(t: Tensor, width: int) -> Tensor:
    angles = t[:, None].float() * torch.exp(
        -math.log(10_000) * torch.arange(width // 2) / (width // 2)
    )
    return torch.cat((angles.cos(), angles.sin()), dim=1)


class Residual(nn.Module):
    """``way``: also halves or doubles the sides. ``modulates``: the time scales and shifts."""

    def __init__(self, inputs: int, outputs: int, told: int, modulates: bool, way: str = ""):
        super().__init__()
        self.way, self.modulates = way, modulates
        self.in_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(told, outputs * (1 + modulates)))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(GROUPS, outputs), nn.SiLU(), nn.Dropout(0.0),
            nn.Conv2d(outputs, outputs, 3, padding=1),
        )  # fmt: skip
        self.skip_connection = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def resample(self, x: Tensor) -> Tensor:
        if self.way == "down":
            return F.avg_pool2d(x, 2)
        return F.interpolate(x, scale_factor=2.0) if self.way == "up" else x

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        h = self.in_layers[2](self.resample(self.in_layers[1](self.in_layers[0](x))))
        vector = self.emb_layers(told)[..., None, None]
        if self.modulates:
            scale, shift = vector.chunk(2, dim=1)
            h = self.out_layers[1:](self.out_layers[0](h) * (1 + scale) + shift)
        else:
            h = self.out_layers(h + vector)
        return self.skip_connection(self.resample(x)) + h


class Attention(nn.Module):
    """ADM's: one map gives each head its queries, keys and values, head after head."""

    def __init__(self, channels: int, head: int):
        super().__init__()
        self.head = head
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        flat = x.flatten(2)
        B, C, T = flat.shape
        heads = self.qkv(self.norm(flat)).reshape(B * C // self.head, 3 * self.head, T)
        q, k, v = heads.split(self.head, dim=1)
        weights = torch.einsum("bct,bcs->bts", q, k) / math.sqrt(self.head)
        h = torch.einsum("bts,bcs->bct", weights.softmax(-1), v).reshape(B, C, T)
        return (flat + self.proj_out(h)).view_as(x)


class Cross(nn.Module):
    def __init__(self, width: int, context: int, heads: int):
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context, width, bias=False)
        self.to_v = nn.Linear(context, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.0))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        B, T, d = x.shape
        q, k, v = (
            m.view(B, -1, self.heads, d // self.heads).transpose(1, 2)
            for m in (self.to_q(x), self.to_k(context), self.to_v(context))
        )
        weights = (q @ k.transpose(-1, -2) / math.sqrt(d // self.heads)).softmax(-1)
        return self.to_out((weights @ v).transpose(1, 2).reshape(B, T, d))


class Gated(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.proj = nn.Linear(width, 2 * hidden)

    def forward(self, x: Tensor) -> Tensor:
        x, gate = self.proj(x).chunk(2, dim=-1)
        return x * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width: int):
        super().__init__()
        self.net = nn.Sequential(
            Gated(width, 4 * width), nn.Dropout(0.0), nn.Linear(4 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class Transformer(nn.Module):
    """LDM's: attends to all places, then to the context."""

    def __init__(self, channels: int, context: int, heads: int):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        block = nn.Module()
        block.attn1 = Cross(channels, channels, heads)
        block.attn2 = Cross(channels, context, heads)
        block.ff = FeedForward(channels)
        block.norm1, block.norm2, block.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.transformer_blocks = nn.ModuleList([block])
        self.proj_out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        block = self.transformer_blocks[0]
        h = self.proj_in(self.norm(x))
        tokens = h.flatten(2).transpose(1, 2)
        inner = block.norm1(tokens)
        tokens = tokens + block.attn1(inner, inner)
        tokens = tokens + block.attn2(block.norm2(tokens), context)
        tokens = tokens + block.ff(block.norm3(tokens))
        return x + self.proj_out(tokens.transpose(1, 2).reshape(h.shape))


class Half(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        return self.op(x)


class Double(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0))


class Plain(nn.Conv2d):
    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        return super().forward(x)


class Parts(nn.Sequential):
    def forward(self, x: Tensor, told: Tensor, context: Tensor) -> Tensor:
        for part in self:
            x = part(x, told, context)
        return x


class ForeignUNet(nn.Module):
    """A U-Net of ADM's code (``context`` None), or of LDM's."""

    def __init__(
        self, width=32, multipliers=(1, 2, 2), blocks=2, attends=(False, True, True), channels=3,
        outputs=6, rows=7, head=64, context: int | None = None, heads=4,
    ):  # fmt: skip
        super().__init__()
        self.width, self.context = width, context
        told, adm = 4 * width, context is None

        def attention(c: int) -> nn.Module:
            return Attention(c, head) if adm else Transformer(c, context, heads)

        def resampled(c: int, way: str) -> nn.Module:
            if adm:
                return Residual(c, c, told, True, way)
            return Half(c) if way == "down" else Double(c)

        self.time_embed = nn.Sequential(nn.Linear(width, told), nn.SiLU(), nn.Linear(told, told))
        self.label_emb = nn.Embedding(rows, told if adm else context)
        x = width * multipliers[0]
        self.input_blocks = nn.ModuleList([Parts(Plain(channels, x, 3, padding=1))])
        kept = [x]
        for level, multiplier in enumerate(multipliers):
            for _ in range(blocks):
                parts = [Residual(x, width * multiplier, told, adm)]
                x = width * multiplier
                self.input_blocks.append(Parts(*parts, *[attention(x)] * attends[level]))
                kept.append(x)
            if level < len(multipliers) - 1:
                self.input_blocks.append(Parts(resampled(x, "down")))
                kept.append(x)
        self.middle_block = Parts(
            Residual(x, x, told, adm), attention(x), Residual(x, x, told, adm)
        )
        self.output_blocks = nn.ModuleList()
        for level, multiplier in reversed([*enumerate(multipliers)]):
            for i in range(blocks + 1):
                parts = [Residual(x + kept.pop(), width * multiplier, told, adm)]
                x = width * multiplier
                parts += [attention(x)] * attends[level]
                parts += [resampled(x, "up")] * (level > 0 and i == blocks)
                self.output_blocks.append(Parts(*parts))
        self.out = nn.Sequential(
            nn.GroupNorm(GROUPS, x), nn.SiLU(), nn.Conv2d(x, outputs, 3, padding=1)
        )
        for parameter in self.parameters():
            nn.init.normal_(parameter, std=0.1)
        self.eval()

    @torch.no_grad()
    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        told, context = self.time_embed(sinusoids(t, self.width)), self.label_emb(y)[:, None]
        if self.context is None:
            told = told + self.label_emb(y)
        kept = []
        for part in self.input_blocks:
            x = part(x, told, context)
            kept.append(x)
        x = self.middle_block(x, told, context)
        for part in self.output_blocks:
            x = part(torch.cat((x, kept.pop()), dim=1), told, context)
        return self.out(x)
