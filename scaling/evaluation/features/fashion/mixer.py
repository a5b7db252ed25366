"""Which second network looks at clothes without a convolution? A small MLP-Mixer.

Of another architecture than ``cnn``, so that what both say of a model is not a convolution's taste.
Tolstikhin et al., arXiv 2105.01601. The weights ship beside this file; ``python -m
scaling.evaluation.features.fashion.train`` trains them.
"""

from pathlib import Path

from torch import Tensor, nn

from scaling.evaluation.features.fashion.extractor import CLASSES, SIDE, FashionExtractor

PATCH, WIDTH, DEPTH = 4, 48, 4
TOKENS = (SIDE // PATCH) ** 2


class Block(nn.Module):
    """An MLP over tokens, then one over channels, each added to its input: (B, T, D) kept."""

    def __init__(self):
        super().__init__()
        self.norm_tokens, self.norm_channels = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.tokens = nn.Sequential(nn.Linear(TOKENS, 32), nn.GELU(), nn.Linear(32, TOKENS))
        self.channels = nn.Sequential(nn.Linear(WIDTH, 96), nn.GELU(), nn.Linear(96, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.tokens(self.norm_tokens(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.norm_channels(x))


class FashionMixer(nn.Module):
    """Patches of 4 pixels, four blocks, a mean over tokens, ten classes.

    (B, 1, 28, 28) in [-1, 1] to features (B, 48) and logits (B, 10).
    """

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(1, WIDTH, PATCH, PATCH)
        self.blocks = nn.Sequential(*(Block() for _ in range(DEPTH)))
        self.norm = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        tokens = self.embed(x).flatten(2).transpose(1, 2)  # (B, T, D)
        features = self.norm(self.blocks(tokens)).mean(1)  # (B, D)
        return features, self.classify(features)


class FashionMixerExtractor(FashionExtractor):
    NAME = "fashion-mixer"
    FEATURES = "48"
    NET = FashionMixer
    WEIGHTS = Path(__file__).with_name("mixer.safetensors")
