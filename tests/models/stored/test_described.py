"""Does a safetensors file that we exported say what it is, for any family?"""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models import build_model
from scaling.models.formats.export import export_weights
from scaling.models.stored.described import KEY, write_described
from scaling.models.stored.open_weights import open_weights
from scaling.study import DiffusionSpec
from scaling.study.families import PixelUNet
from scaling.study.specs.weights import WeightsSpec
from tests.models.foreign import SiT
from tests.models.formats.test_export import states_equal
from tests.models.test_weights import refusal

UNET = PixelUNet(
    input_size=8,
    channels=1,
    num_classes=10,
    width=8,
    multipliers=(1, 2),
    blocks=1,
    attention=(),
    groups=4,
    head_channels=4,
)


def test_a_flow_comes_back_as_a_flow_and_its_heads_are_known(tmp_path):
    torch.save(SiT().state_dict(), tmp_path / "sit.pt")
    declared = WeightsSpec(objective="sit", heads=4)
    export_weights(
        tmp_path / "sit.pt", to="safetensors", out=tmp_path / "c.safetensors", declared=declared
    )
    before, after = (
        open_weights(tmp_path / "sit.pt", declared),
        open_weights(tmp_path / "c.safetensors"),
    )
    assert states_equal(before.state, after.state)
    assert (after.spec, after.diffusion) == (before.spec, DiffusionSpec(objective="flow"))
    assert "says what they are" in after.said[0]
    for option in ({"objective": "ddpm"}, {"average": "ema"}, {"null": "none"}, {"heads": 2}):
        name = next(iter(option)).replace("_", "-")
        message = refusal(open_weights, tmp_path / "c.safetensors", WeightsSpec(**option))
        assert f"--{name}" in message
    assert open_weights(tmp_path / "c.safetensors", WeightsSpec(objective="flow"))


@pytest.fixture
def unet(tmp_path):
    return tmp_path / "u.safetensors"


def test_a_family_without_formats_of_its_own_is_read_again(unet):
    state = build_model(UNET).state_dict()
    write_described(unet, UNET, state, DiffusionSpec(), 0.0, None)
    loaded = load_checkpoint(unet)
    assert loaded.spec == UNET and loaded.label_dropout == 0
    assert states_equal(loaded.model.state_dict(), state)


def test_damage_is_told(unet):
    write_described(unet, UNET, build_model(UNET).state_dict(), None, None, None)
    assert "does not tell what its network predicts" in refusal(load_checkpoint, unet)
    state = load_file(unet)
    for text, why in (
        ("{}", "model is missing"),
        ("[]", "is no object"),
        ("[" * 9000, "is not valid JSON"),
        ('{"model": 3, "diffusion": null, "label_dropout": null, "vae": null}', "model is no"),
        ('{"model": {}, "diffusion": 3, "label_dropout": 7, "vae": 1}', "label_dropout"),
    ):
        save_file(state, unet, metadata={KEY: text})
        told = refusal(open_weights, unet)
        assert why in told and told.endswith("; export it again"), text
    said = {"model": UNET.model_dump(mode="json"), "label_dropout": None, "vae": None}
    said["diffusion"] = {"objective": "edm"}
    save_file(state, unet, metadata={KEY: json.dumps(said)})
    assert "objective" in refusal(open_weights, unet)
    name = next(name for name in state if state[name].is_floating_point())
    state[name].view(-1)[0] = float("inf")
    save_file(state, unet, metadata={KEY: json.dumps({**said, "diffusion": None})})
    assert "not finite" in refusal(open_weights, unet)
