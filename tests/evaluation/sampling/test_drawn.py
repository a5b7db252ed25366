"""Are a checkpoint's samples drawn once, kept until measured, and refused if not finite?"""

from pathlib import Path

import pytest
import torch

from scaling.evaluation.sampling import drawn
from scaling.evaluation.sampling.drawn import sampled, sampled_size
from scaling.evaluation.sampling.load import Loaded
from scaling.models import build_model
from scaling.study import DiffusionSpec, Protocol
from tests.study.families.tiny import TINY

PROTOCOL = Protocol(samples=6, sampling_steps=2)
PLACE = Path("checkpoint")


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    spec = TINY["dit"]
    return Loaded(build_model(spec).eval(), spec, DiffusionSpec(), label_dropout=0.1, vae=None)


@pytest.fixture
def parts_drawn(monkeypatch):
    """The rows of each call of ``generate``; parts are of four samples."""
    calls, real = [], drawn.generate
    monkeypatch.setattr(drawn, "PART", 4)
    monkeypatch.setattr(drawn, "generate", lambda *a: calls.append(a[-1]) or real(*a))
    return calls


def test_samples_are_kept_until_they_are_measured(loaded, parts_drawn):
    with pytest.raises(KeyboardInterrupt):
        with sampled(PLACE, loaded, PROTOCOL) as parts:
            first = parts.read(torch.arange(6))
            raise KeyboardInterrupt
    with sampled(PLACE, loaded, PROTOCOL) as parts:
        assert torch.equal(parts.read(torch.arange(6)), first)
    assert parts_drawn == [range(0, 4), range(4, 6)]
    assert not parts.folder.exists()


def test_other_metrics_use_the_same_samples_and_other_weights_do_not(loaded, parts_drawn):
    folders = set()
    for protocol in (PROTOCOL, PROTOCOL.model_copy(update={"metrics": ("kid",)})):
        with sampled(PLACE, loaded, protocol) as parts:
            folders.add(parts.folder)
    assert len(folders) == 1
    with torch.no_grad():
        next(loaded.model.parameters()).add_(1)
    with sampled(PLACE, loaded, PROTOCOL) as parts:
        assert parts.folder not in folders


def test_samples_that_are_not_finite_are_refused_and_not_kept(loaded, tmp_path):
    with torch.no_grad():
        loaded.model.final_layer.linear.bias.fill_(float("inf"))
    with pytest.raises(ValueError, match="6 of 6 samples of checkpoint are not finite"):
        with sampled(PLACE, loaded, PROTOCOL):
            raise AssertionError("there is nothing to measure")
    assert not list((tmp_path / "cache").rglob("*.npy"))


def test_sizes_are_those_of_pixels_or_of_what_the_decoder_makes_of_latents(loaded):
    assert sampled_size(loaded, PROTOCOL) == (8, 8)
    latents = TINY["dit"].replaced(channels=4)
    of_latents = Loaded(build_model(latents), latents, DiffusionSpec(), label_dropout=0.1, vae=None)
    decoded = PROTOCOL.model_copy(update={"decoder": "digits-f2c4"})
    assert sampled_size(of_latents, decoded) == (16, 16)


def test_sampling_that_the_checkpoint_does_not_allow_is_refused(loaded):
    guided = PROTOCOL.model_copy(update={"guidance": 2.0})
    without = Loaded(loaded.model, loaded.spec, loaded.diffusion, label_dropout=0.0, vae=None)
    sampled_size(loaded, guided)
    with pytest.raises(ValueError, match="guid"):
        sampled_size(without, guided)
