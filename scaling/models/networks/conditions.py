"""How does a label become a sequence of vectors? Learned for each class, or looked up of its
caption.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from scaling.study.families.captioned import Captioned


class Told(NamedTuple):
    """What a network is told of each image: a sequence (B, S, W), which of it counts, a vector."""

    sequence: Tensor
    mask: Tensor | None  # (B, S) of 0 and 1; None where all of it counts
    pooled: Tensor | None  # (B, pooled); None where the family takes none


class LearnedCondition(nn.Module):
    """A learned sequence for each class and for "no class", and ``pooled`` numbers if any."""

    def __init__(self, m: Captioned, pooled: int = 0):
        super().__init__()
        self.shape = (m.text_tokens, m.text_width)
        self.pooled = pooled
        self.table = nn.Embedding(m.num_classes + 1, m.text_tokens * m.text_width + pooled)
        if not self.table.weight.is_meta:
            nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, y: Tensor) -> Told:
        """y (B,), of which ``num_classes`` means "no class"."""
        row = self.table(y)
        sequence = row[:, : row.shape[1] - self.pooled].unflatten(1, self.shape)
        return Told(sequence, None, row[:, row.shape[1] - self.pooled :] if self.pooled else None)


class CaptionCondition(nn.Module):
    """The frozen embedding of the caption of each label, the last one of the empty caption.

    Not part of the state dict: it is embedded again, or read from the cache.
    """

    def __init__(self, m: Captioned, pooled: int = 0):
        super().__init__()
        self.with_pooled = pooled > 0
        labels, S = m.num_classes + 1, m.text_tokens
        if torch.get_default_device().type == "meta":
            sequence, mask = torch.empty(labels, S, m.text_width), torch.empty(labels, S)
            vector = torch.empty(labels, pooled)
        else:
            from scaling.models.networks.captions import embedded

            sequence, mask, vector = embedded(m)
        self.register_buffer("sequence", sequence, persistent=False)
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("vector", vector, persistent=False)

    def forward(self, y: Tensor) -> Told:
        """y (B,), of which ``num_classes`` means the empty caption."""
        return Told(self.sequence[y], self.mask[y], self.vector[y] if self.with_pooled else None)


CONDITIONS = {"classes": LearnedCondition, "text": CaptionCondition}  # conditioning -> its module


@torch.no_grad()
def initialise(transformer: nn.Module, zero: list[nn.Linear]) -> None:
    """As DiT's reference code: Xavier linears with zero biases, except for those in ``zero``."""
    for module in transformer.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for linear in zero:
        nn.init.zeros_(linear.weight)
        nn.init.zeros_(linear.bias)
