"""How does a transformer block learn of the timestep and the class? DiT's four conditionings.

They are described in section 3.2 of the paper. Shapes: B images, T tokens, d width, h heads. The
paper's norms have no weights: affine norms would miss the published parameter counts (XL/2
in-context would have 0.13M too many). Every modulation has the same SiLU before it, so the model
applies it once. ``turns`` are rotary positions (``parts.rotations``), None where there are none.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scaling.models.networks.parts import MLPS, NORMS, HeadNorm, rotated
from scaling.study.families.dit.spec import ModelSpec


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """x (B, T, d), shift and scale (B, 1 or T, d): ``x * (1 + scale) + shift``."""
    return torch.addcmul(shift, x, 1 + scale)


def modulations(regressed: Tensor, count: int) -> tuple[Tensor, ...]:
    """(B, count * d) or (B, T, count * d) -> ``count`` tensors of (B, 1 or T, d)."""
    width = regressed.shape[-1] // count
    return regressed.view(regressed.shape[0], -1, count, width).unbind(2)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """q (B, T, h, e), k and v (B, S, h, e) -> (B, T, h, e)."""
    return F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    ).transpose(1, 2)


class SelfAttention(nn.Module):
    """Softmax attention among the tokens."""

    def __init__(self, m: ModelSpec):
        super().__init__()
        self.heads = m.heads
        self.qkv = nn.Linear(m.width, 3 * m.width)
        self.proj = nn.Linear(m.width, m.width)
        self.head_norm = HeadNorm(m.width // m.heads) if m.qk_norm else None

    def forward(self, x: Tensor, turns: Tensor | None = None) -> Tensor:
        """(B, T, d) -> (B, T, d)."""
        B, T, d = x.shape
        # three of (B, T, h, d/h); unbind stacks their gradients without another copy
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, -1).unbind(2)
        if self.head_norm is not None:
            q, k = self.head_norm(q, k)
        if turns is not None:
            q, k = rotated(q, turns[:, :T]), rotated(k, turns[:, :T])
        return self.proj(attention(q, k, v).reshape(B, T, d))


class CrossAttention(nn.Module):
    """Softmax attention from the tokens to a context; 4 d^2 + 4 d parameters."""

    def __init__(self, m: ModelSpec):
        super().__init__()
        self.heads = m.heads
        self.q = nn.Linear(m.width, m.width)
        self.kv = nn.Linear(m.width, 2 * m.width)
        self.proj = nn.Linear(m.width, m.width)
        self.head_norm = HeadNorm(m.width // m.heads) if m.qk_norm else None

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(B, T, d), (B, S, d) -> (B, T, d)."""
        B, T, d = x.shape
        q = self.q(x).view(B, T, self.heads, -1)  # (B, T, h, d/h)
        # two of (B, S, h, d/h)
        k, v = self.kv(context).view(B, context.shape[1], 2, self.heads, -1).unbind(2)
        if self.head_norm is not None:
            q, k = self.head_norm(q, k)
        return self.proj(attention(q, k, v).reshape(B, T, d))


class Block(nn.Module):
    """A plain transformer block as in ViT; in-context conditioning uses it unchanged."""

    def __init__(self, m: ModelSpec):
        super().__init__()
        self.norm1, self.norm2 = NORMS[m.norm](m.width), NORMS[m.norm](m.width)
        self.attn = SelfAttention(m)
        self.mlp = MLPS[m.mlp](m.width, m.hidden)
        self.modulations = m.design.modulations  # vectors of width d from the conditioning
        if self.modulations:
            self.adaLN_modulation = nn.Sequential(
                nn.SiLU(), nn.Linear(m.width, self.modulations * m.width)
            )

    def modulation(self, c: Tensor) -> tuple[Tensor, ...]:
        """c (B, d) or (B, T, d), after the SiLU -> ``modulations`` tensors of (B, 1 or T, d)."""
        return modulations(self.adaLN_modulation[1](c), self.modulations)

    def forward(self, x: Tensor, c: Tensor, turns: Tensor | None = None) -> Tensor:
        x = x + self.attn(self.norm1(x), turns)
        return x + self.mlp(self.norm2(x))


class CrossAttentionBlock(Block):
    """The tokens also attend to two vectors: the timestep's and the label's."""

    def __init__(self, m: ModelSpec):
        super().__init__(m)
        self.cross = CrossAttention(m)
        self.norm_cross = NORMS[m.norm](m.width)

    def forward(self, x: Tensor, c: Tensor, turns: Tensor | None = None) -> Tensor:
        """x (B, T, d), c (B, 2, d)."""
        x = x + self.attn(self.norm1(x), turns)
        x = x + self.cross(self.norm_cross(x), c)
        return x + self.mlp(self.norm2(x))


class AdaLNBlock(Block):
    """Scale and shift of both norms are regressed from the conditioning."""

    def forward(self, x: Tensor, c: Tensor, turns: Tensor | None = None) -> Tensor:
        """x (B, T, d), c (B, d), or (B, T, d) where each token has its own conditioning."""
        shift_a, scale_a, shift_m, scale_m = self.modulation(c)
        x = x + self.attn(modulate(self.norm1(x), shift_a, scale_a), turns)
        return x + self.mlp(modulate(self.norm2(x), shift_m, scale_m))


class AdaLNZeroBlock(Block):
    """adaLN with a gate on each branch, initialised to zero so that a new block is the identity."""

    def forward(self, x: Tensor, c: Tensor, turns: Tensor | None = None) -> Tensor:
        """x (B, T, d), c (B, d), or (B, T, d) where each token has its own conditioning."""
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.modulation(c)
        x = torch.addcmul(x, gate_a, self.attn(modulate(self.norm1(x), shift_a, scale_a), turns))
        return torch.addcmul(x, gate_m, self.mlp(modulate(self.norm2(x), shift_m, scale_m)))


BLOCKS: dict[str, type[Block]] = {
    "adaln-zero": AdaLNZeroBlock,
    "adaln": AdaLNBlock,
    "cross-attention": CrossAttentionBlock,
    "in-context": Block,
}
