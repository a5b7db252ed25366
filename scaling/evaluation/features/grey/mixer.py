"""Which small classifier of grey images works without convolving them? An MLP-Mixer.

Source: Tolstikhin et al., arXiv 2105.01601.
"""

from torch import Tensor, nn

TOKEN_HIDDEN, CHANNEL_FACTOR = 32, 2  # of the two MLPs


class Block(nn.Module):
    """An MLP over ``tokens``, then one over channels, each added to its input: (B, T, D) kept."""

    def __init__(self, tokens: int, width: int):
        super().__init__()
        self.norm_tokens, self.norm_channels = nn.LayerNorm(width), nn.LayerNorm(width)
        self.tokens = _mlp(tokens, TOKEN_HIDDEN)
        self.channels = _mlp(width, CHANNEL_FACTOR * width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm_tokens(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm_channels(x))


def _mlp(size: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, hidden), nn.GELU(), nn.Linear(hidden, size))


class Mixer(nn.Module):
    """Patches, blocks, a mean over tokens, ten classes.

    (B, 1, side, side) in [-1, 1] to features (B, width) and logits (B, 10).
    """

    def __init__(self, side: int, patch: int, width: int, depth: int):
        super().__init__()
        self.embed = nn.Conv2d(1, width, patch, patch)
        tokens = (side // patch) ** 2
        self.blocks = nn.Sequential(*(Block(tokens, width) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        self.classify = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.embed(x).flatten(2).transpose(1, 2)  # (B, T, D)
        features = self.norm(self.blocks(tokens)).mean(1)  # (B, D)
        return features, self.classify(features)
