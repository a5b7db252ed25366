"""A network of a user's own, as a study's file defines it: what tests of outside families share."""

from pathlib import Path
from textwrap import dedent

NETWORK = dedent('''
    """A study whose network stands in this file."""

    from typing import Literal

    import torch
    from torch import nn

    from experiments.smoke import BASE
    from scaling.study import Network, Study, grid

    GAIN = 1.0


    class Blocks(nn.Module):
        def __init__(self, m):
            super().__init__()
            self.label = nn.Embedding(m.num_classes + 1, m.width)
            self.time = nn.Linear(1, m.width)
            self.first = nn.Conv2d(m.channels, m.width, 3, padding=1)
            self.blocks = nn.ModuleList(nn.Conv2d(m.width, m.width, 3, padding=1) for _ in range(2))
            self.last = nn.Conv2d(m.width, m.out_channels, 1)
            nn.init.zeros_(self.last.weight)

        def forward(self, x, t, y):
            told = self.label(y) + self.time(t[:, None].float() / 1000)
            x = self.first(x) + told[:, :, None, None]
            for block in self.blocks:
                x = x + GAIN * torch.relu(block(x))
            return self.last(x)


    class ConvNet(Network):
        family: Literal["{family}"] = "{family}"
        width: int = 8

        @property
        def name(self):
            return f"Conv-{{self.width}}"

        @property
        def rung(self):
            return f"w{{self.width}}"

        def build(self):
            return Blocks(self)


    STUDY = Study(
        name="{family}",
        question="Does a network of one's own train?",
        expectation="It does.",
        trials=grid(
            BASE.model_copy(update={{"model": ConvNet(input_size=8, channels=1, num_classes=10)}}),
            {{"model.width": [4, 8]}},
        ),
    )
''').lstrip()


def write_study(folder: Path, family: str, replaced: dict[str, str] | None = None) -> Path:
    """Write a study with a network of ``family`` into ``folder``, texts ``replaced`` in it."""
    text = NETWORK.format(family=family)
    for old, new in (replaced or {}).items():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{family}.py"
    path.write_text(text)
    return path
