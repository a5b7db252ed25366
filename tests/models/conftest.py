"""What do tests of weights share? The golden model as the reference saves it."""

import argparse

import pytest
import torch

from scaling.models.formats.export import export_weights
from tests.models import golden


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """The golden model as the reference saves it, and its diffusers folder."""
    folder = tmp_path_factory.mktemp("export")
    torch.save(
        {"ema": golden.weights(), "model": {}, "args": argparse.Namespace(model="DiT-S/2")},
        folder / "ema.pt",
    )
    export_weights(folder / "ema.pt", to="diffusers", out=folder / "diffusers", heads=3)
    return folder
