"""How does a transformer block learn of the timestep and the class? DiT's four conditionings.

They are described in section 3.2 of the paper. Shapes: B images, T tokens, d width, h heads. Norms
have no weights: affine norms would miss the published parameter counts (XL/2 in-context would have
0.13M too many). Every modulation has the same SiLU before it, so the model applies it once.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scaling.study.families.dit import ModelSpec

NORM_EPS = 1e-6


def norm(x: Tensor) -> Tensor:
    """Layer norm over channels, without weights. x (..., d), shape kept."""
    return F.layer_norm(x, x.shape[-1:], eps=NORM_EPS)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """x (B, T, d), shift and scale (B, 1, d): ``x * (1 + scale) + shift``."""
    return torch.addcmul(shift, x, 1 + scale)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """q (B, T, h, e), k and v (B, S, h, e) -> (B, T, h, e)."""
    return F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    ).transpose(1, 2)


class SelfAttention(nn.Module):
    """Softmax attention among the tokens."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, d) -> (B, T, d)."""
        B, T, d = x.shape
        # three of (B, T, h, d/h); unbind stacks their gradients without another copy
        q, k, v = self.qkv(x).view(B, T, 3, self.heads, -1).unbind(2)
        return self.proj(attention(q, k, v).reshape(B, T, d))


class CrossAttention(nn.Module):
    """Softmax attention from the tokens to a context; 4 d^2 + 4 d parameters."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        """(B, T, d), (B, S, d) -> (B, T, d)."""
        B, T, d = x.shape
        q = self.q(x).view(B, T, self.heads, -1)  # (B, T, h, d/h)
        # two of (B, S, h, d/h)
        k, v = self.kv(context).view(B, context.shape[1], 2, self.heads, -1).unbind(2)
        return self.proj(attention(q, k, v).reshape(B, T, d))


class Mlp(nn.Module):
    """Two linears around a GELU (the tanh form, as in the reference code)."""

    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    """A plain transformer block as in ViT; in-context conditioning uses it unchanged."""

    def __init__(self, m: ModelSpec):
        super().__init__()
        self.attn = SelfAttention(m.width, m.heads)
        self.mlp = Mlp(m.width, m.hidden)
        self.modulations = m.design.modulations  # vectors of width d from the conditioning
        if self.modulations:
            self.adaLN_modulation = nn.Sequential(
                nn.SiLU(), nn.Linear(m.width, self.modulations * m.width)
            )

    def modulation(self, c: Tensor) -> tuple[Tensor, ...]:
        """c (B, d), after the SiLU -> ``modulations`` tensors of (B, 1, d)."""
        return self.adaLN_modulation[1](c).view(c.shape[0], self.modulations, 1, -1).unbind(1)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        x = x + self.attn(norm(x))
        return x + self.mlp(norm(x))


class CrossAttentionBlock(Block):
    """The tokens also attend to two vectors: the timestep's and the label's."""

    def __init__(self, m: ModelSpec):
        super().__init__(m)
        self.cross = CrossAttention(m.width, m.heads)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (B, T, d), c (B, 2, d)."""
        x = x + self.attn(norm(x))
        x = x + self.cross(norm(x), c)
        return x + self.mlp(norm(x))


class AdaLNBlock(Block):
    """Scale and shift of both norms are regressed from the conditioning."""

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (B, T, d), c (B, d)."""
        shift_a, scale_a, shift_m, scale_m = self.modulation(c)
        x = x + self.attn(modulate(norm(x), shift_a, scale_a))
        return x + self.mlp(modulate(norm(x), shift_m, scale_m))


class AdaLNZeroBlock(Block):
    """adaLN with a gate on each branch, initialised to zero so that a new block is the identity."""

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        """x (B, T, d), c (B, d)."""
        shift_a, scale_a, gate_a, shift_m, scale_m, gate_m = self.modulation(c)
        x = torch.addcmul(x, gate_a, self.attn(modulate(norm(x), shift_a, scale_a)))
        return torch.addcmul(x, gate_m, self.mlp(modulate(norm(x), shift_m, scale_m)))


BLOCKS: dict[str, type[Block]] = {
    "adaln-zero": AdaLNZeroBlock,
    "adaln": AdaLNBlock,
    "cross-attention": CrossAttentionBlock,
    "in-context": Block,
}
