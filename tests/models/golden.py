"""Which weights and arrays did the reference implementation run with? The golden model of
tests/golden/, rebuilt.
"""

from pathlib import Path

import numpy as np
import torch

from scaling.models import build_model
from scaling.study import ModelSpec

FOLDER = Path(__file__).parents[1] / "golden"
SPEC = ModelSpec(input_size=8, channels=4, patch=2, width=48, depth=2, heads=3, num_classes=10)


def arrays() -> dict[str, torch.Tensor]:
    with np.load(FOLDER / "dit_small.npz") as file:
        return {name: torch.from_numpy(file[name]) for name in file.files}


def weights() -> dict[str, torch.Tensor]:
    """0.08 sin(0.7 i + 1.3 j + 0.5) for element i of parameter j, in the order of sorted names;
    positions as built.
    """
    state = build_model(SPEC).state_dict()
    for j, name in enumerate(sorted(state.keys() - {"pos_embed"})):
        i = torch.arange(state[name].numel(), dtype=torch.float64)
        state[name] = (0.08 * torch.sin(0.7 * i + 1.3 * j + 0.5)).float().view(state[name].shape)
    return state


def model():
    model = build_model(SPEC).eval()
    model.load_state_dict(weights())
    return model
