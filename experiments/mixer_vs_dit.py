"""Does attention earn its cost on small images? A plain MLP-mixer against DiT at equal Gflops.

The mixer (Tolstikhin et al., arXiv 2105.01601) replaces attention by an MLP over the tokens. Its
network is defined in this file: a family of your own only needs a class with ``build``. There are
three rungs of patch 2 on scikit-learn's digits. The mixers' widths are chosen so that each costs
what the DiT of its rung costs, within 1 %. Steps, batch, data order, EMA and protocol are those of
`digits`, and its DiT trainings are shared. The mixers' rates were tuned by `mixer_lr` as the DiTs'
were by `digits_lr`, on held-out loss. Each DiT had five tries; each mixer had seven, because the
best of five lay at the edge of the range.

    python -m scaling.sweep mixer_vs_dit --set seeds=3    about 10 minutes on 2 cores

Declared before the run: FID falls with Gflops for both, and DiT is better at each of the three
rungs. With 16 tokens at fixed places an MLP over the tokens can learn what attention computes, so
the difference is expected to be small: less than a factor of 1.5 in FID.

Found (three seeds, records in results/reference/mixer_vs_dit): FID falls at each rung of both. The
mixer's FID is higher at each rung, by factors of 1.09 [0.92, 1.30], 1.01 [0.88, 1.17] and 1.17
[1.00, 1.37] from the smallest up (95 %, Welch over seeds). Only the largest rung resolves the
difference, so "DiT is better at each rung" is not shown; none comes near a factor of 1.5.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from experiments.digits import BASE, SIZES, TUNED_LR
from scaling.study import Network, Study, grid
from scaling.study.costs.layers import (
    Elementwise,
    Embedding,
    Layer,
    Linear,
    Norm,
    Parameter,
    Repeat,
)
from scaling.study.settings import with_settings

if TYPE_CHECKING:
    from torch import nn

PATCH = 2
FREQUENCIES = 32  # sinusoids of the timestep
TOKENS_HIDDEN = 2  # times the tokens: channels inside the MLP over the tokens


class Mixer(Network):
    """Blocks of an MLP over the tokens and an MLP over the channels.

    Tokens, width and depth are as in DiT. Both MLPs have a GELU between two linears. The embeddings
    of time and class are added to the tokens.
    """

    family: Literal["mixer"] = "mixer"
    width: int = Field(gt=0)
    depth: int = Field(gt=0)

    @property
    def name(self) -> str:
        return f"Mixer-{self.rung}"

    @property
    def rung(self) -> str:
        return f"d{self.depth}w{self.width}"

    @property
    def tokens(self) -> int:
        return (self.input_size // PATCH) ** 2

    def build(self) -> "nn.Module":
        import torch
        from torch import nn

        T, d, pixels = self.tokens, self.width, PATCH**2

        def mlp(channels: int, hidden: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Linear(channels, hidden), nn.GELU(), nn.Linear(hidden, channels)
            )

        class Block(nn.Module):
            def __init__(self):
                super().__init__()
                self.norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(2))
                self.over_tokens, self.over_channels = mlp(T, TOKENS_HIDDEN * T), mlp(d, 4 * d)

            def forward(self, x):  # (B, T, d)
                x = x + self.over_tokens(self.norms[0](x).transpose(1, 2)).transpose(1, 2)
                return x + self.over_channels(self.norms[1](x))

        class Net(nn.Module):
            def __init__(self, m: Mixer):
                super().__init__()
                self.embed = nn.Linear(m.channels * pixels, d)
                self.positions = nn.Parameter(0.02 * torch.randn(T, d))
                self.label = nn.Embedding(m.num_classes + 1, d)
                self.time = nn.Sequential(nn.Linear(2 * FREQUENCIES, d), nn.SiLU(), nn.Linear(d, d))
                self.blocks = nn.ModuleList(Block() for _ in range(m.depth))
                self.norm, self.head = nn.LayerNorm(d), nn.Linear(d, m.out_channels * pixels)
                nn.init.zeros_(self.head.weight)
                self.fold = nn.PixelShuffle(PATCH)
                self.unfold = nn.PixelUnshuffle(PATCH)
                rates = torch.logspace(0, -4, FREQUENCIES)
                self.register_buffer("rates", rates, persistent=False)

            def forward(self, x, t, y):
                patches = self.unfold(x)  # (B, C p p, I/p, I/p)
                angles = t[:, None].float() * self.rates
                told = self.time(torch.cat((angles.cos(), angles.sin()), -1)) + self.label(y)
                tokens = self.embed(patches.flatten(2).transpose(1, 2)) + self.positions
                tokens = tokens + told[:, None]
                for block in self.blocks:
                    tokens = block(tokens)
                out = self.head(self.norm(tokens)).transpose(1, 2)
                return self.fold(out.unflatten(2, patches.shape[2:]))

        return Net(self)

    def layers(self) -> tuple[Layer, ...]:
        T, d, pixels = self.tokens, self.width, PATCH**2
        block = (
            Norm(d, T, affine=True),
            Linear(T, TOKENS_HIDDEN * T, d),
            Elementwise(TOKENS_HIDDEN * T * d),
            Linear(TOKENS_HIDDEN * T, T, d),
            Norm(d, T, affine=True),
            Linear(d, 4 * d, T),
            Elementwise(4 * T * d),
            Linear(4 * d, d, T),
        )
        return (
            Linear(self.channels * pixels, d, T),
            Parameter(T * d),
            Embedding(self.num_classes + 1, d),
            Linear(2 * FREQUENCIES, d),
            Elementwise(d),
            Linear(d, d),
            Repeat(self.depth, block, T * d),
            Norm(d, T, affine=True),
            Linear(d, self.out_channels * pixels, T),
        )


MIXERS = {18: 2.4e-2, 38: 2.4e-2, 58: 1.2e-2}  # width -> the best rate of `mixer_lr`
DITS = SIZES[: len(MIXERS)]


def mixer(width: int) -> Mixer:
    return Mixer(input_size=8, channels=1, num_classes=10, width=width, depth=2)


STUDY = Study(
    name="mixer_vs_dit",
    question="Does attention earn its cost on small images, at equal Gflops?",
    expectation="FID falls with Gflops for mixers and DiTs, and DiT is better at each of three "
    "rungs, by less than a factor of 1.5.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
        for trial in grid(BASE, {"size": DITS, "model.patch": [PATCH]})
    )
    + tuple(
        with_settings(BASE, {"model": mixer(width), "train.lr": lr}) for width, lr in MIXERS.items()
    ),
    nuisance={
        "train.lr": "tuned on held-out loss, five tries for each DiT (digits_lr), seven for each "
        "mixer, whose best lay at the edge of the five (mixer_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "Gflops": "mixer and DiT of a rung within 1 %",
        "batch, steps, data order": "equal for all",
    },
)
