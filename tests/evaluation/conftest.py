"""Which images do several tests measure? Held-out digits made darker."""

import pytest
import torch

from scaling.data import load_data
from scaling.study import DataSpec


@pytest.fixture(scope="module")
def dimmed() -> torch.Tensor:
    """364 held-out digits, darker: samples of a kind."""
    return (load_data(DataSpec()).heldout.uint8.float() * 0.9).to(torch.uint8)
