"""Is a network found by its family or its published name, and an unknown one refused?"""

import pytest

from scaling.study import ModelSpec, TrialSpec, load_study
from scaling.study.families import FAMILIES, named_network, network_of
from tests.study.families.outside.someones import write_study


def test_a_trial_takes_the_network_that_its_family_names(tmp_path):
    (trial, _) = load_study(str(write_study(tmp_path, "taken"))).trials
    read = TrialSpec.model_validate_json(trial.model_dump_json())
    assert type(read.model) is FAMILIES["taken"] and read == trial
    assert read.train_id == trial.train_id and type(read.model) is not ModelSpec


def test_an_unknown_family_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown family 'unet'; known: .*dit.*; a family"):
        network_of({"family": "unet", "input_size": 8})
    with pytest.raises(ValueError, match=r"unknown family \['dit'\]; known: "):
        network_of({"family": ["dit"], "input_size": 8})


def test_published_names_are_found_in_all_families():
    assert named_network("DiT-B/4", 512) == ModelSpec.preset("DiT-B/4", 512)
    with pytest.raises(ValueError, match="unknown model 'DiT-M/2'; nearest: DiT-"):
        named_network("DiT-M/2")
    with pytest.raises(ValueError, match="nearest: DiT-XL/2, "):
        named_network("dit-xl/2")
    with pytest.raises(ValueError, match="resolution 100 is not a positive multiple of 8"):
        named_network("DiT-B/4", 100)
    with pytest.raises(ValueError, match="resolution 0 is not a positive multiple of 8"):
        named_network("DiT-B/4", 0)
