"""Is a folder that diffusers wrote known by what is in it, and a part that does not fit refused?"""

import json

import pytest

from scaling.models.stored.diffusers_folders import (
    FORMERLY,
    SIT,
    is_diffusers,
    open_diffusers,
    open_pipeline,
    sit_in,
)
from scaling.study.specs.weights import WeightsSpec

CONFIG = {"_class_name": "DiTTransformer2DModel", "_diffusers_version": "0.37.0"}


def config(folder, **fields):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({**CONFIG, **fields}))
    return folder


def test_a_network_a_pipeline_and_a_file_beside_a_configuration_are_known(tmp_path):
    network = config(tmp_path / "network")
    config(tmp_path / "pipeline" / "transformer")
    (network / "diffusion_pytorch_model.safetensors").write_bytes(b"")
    assert is_diffusers(network) and is_diffusers(tmp_path / "pipeline")
    assert is_diffusers(network / "diffusion_pytorch_model.safetensors")


@pytest.mark.parametrize(
    ("content", "is_its"),
    [
        ('{"hidden_size": 384}', False),  # another library's
        ("{", True),  # damaged: it is told as that
        ("[]", True),
        ('{"_class_name": "DiT', True),
    ],
)
def test_a_configuration_of_others_is_none_and_a_damaged_one_is_told(tmp_path, content, is_its):
    (tmp_path / "config.json").write_text(content)
    assert is_diffusers(tmp_path) == is_its


def test_weights_without_a_configuration_are_none_of_diffusers(tmp_path):
    (tmp_path / "c.safetensors").write_bytes(b"")
    assert not is_diffusers(tmp_path) and not is_diffusers(tmp_path / "c.safetensors")
    assert not is_diffusers(tmp_path / "nowhere")


def test_a_sit_is_found_in_a_pipeline_and_by_itself_with_what_its_configuration_tells(tmp_path):
    declared = WeightsSpec()
    alone = config(tmp_path / "alone", _class_name=SIT)
    inside = config(tmp_path / "pipeline" / "transformer", _class_name=SIT)
    assert sit_in(alone, declared)[0] == alone
    path, told = sit_in(inside.parent, declared)
    assert path == inside and told.objective == "sit"
    assert sit_in(config(tmp_path / "dit"), declared) is None


def test_weights_that_are_not_there_are_refused_before_anything_is_read_of_them(tmp_path):
    with pytest.raises(ValueError, match=str(tmp_path)):
        open_diffusers(config(tmp_path / "network"), WeightsSpec())


def test_a_pipeline_of_text_asks_for_captions(tmp_path):
    pipeline = config(tmp_path / "pixart" / "transformer", _class_name="PixArtTransformer2DModel")
    (pipeline.parent / "model_index.json").write_text(
        json.dumps({"_class_name": "PixArtAlphaPipeline", "transformer": ["diffusers", "x"]})
    )
    with pytest.raises(ValueError, match="reads text; say what it is to be told, as --captions"):
        open_pipeline(pipeline.parent, WeightsSpec())


def test_old_names_of_attention_have_one_new_name_each():
    assert len(set(FORMERLY.values())) == len(FORMERLY)
