"""Does LDM cost what its network counts, and a ladder's U-Net what the DiT of its letter does?"""

import pytest

from scaling.models.counting.count import checked_count
from scaling.study import ModelSpec, cost
from scaling.study.families import LatentUNet, named_network
from tests.study.families.tiny import TINY


def test_parameters_are_the_released_models_to_the_digit():
    assert cost.params(named_network("ldm-4")) == 401_433_091
    assert named_network("ldm-8").name == "LDM-8"


@pytest.mark.parametrize("size", ["S", "B", "L", "XL"])
def test_the_ladder_costs_what_the_dits_of_its_letters_do(size):
    unet, dit = named_network(f"unet-{size}"), ModelSpec.preset(f"DiT-{size}/2")
    assert cost.forward_gmacs(unet) == pytest.approx(cost.forward_gmacs(dit), rel=0.012)
    assert cost.params_m(unet) == pytest.approx(cost.params_m(dit), rel=0.03)
    assert unet.input_shape == dit.input_shape and unet.out_channels == dit.out_channels


def test_the_layers_of_a_large_one_are_what_its_network_counts():
    m = named_network("ldm-8")
    assert checked_count(m).macs == cost.forward_macs(m)


def test_latents_are_of_the_autoencoder_of_its_name():
    assert LatentUNet.preset("ldm-4").input_shape == (3, 64, 64)
    assert LatentUNet.preset("ldm-8").input_shape == (4, 32, 32)
    assert LatentUNet.preset("unet-S").learn_sigma and not LatentUNet.preset("ldm-8").learn_sigma


@pytest.mark.parametrize(
    ("name", "resolution", "message"),
    [
        ("ldm-16", 256, "unknown model 'ldm-16'; presets of this family: ldm-4, ldm-8"),
        ("ldm-8", 250, "resolution 250 is not a positive multiple of 8"),
        ("ldm-8", 0, "resolution 0 is not a positive multiple of 8"),
    ],
)
def test_a_preset_that_there_is_not_is_refused(name, resolution, message):
    with pytest.raises(ValueError, match=message):
        LatentUNet.preset(name, resolution)


def test_heads_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ValueError, match="heads 5 do not divide the 16 channels"):
        TINY["ldm"].replaced(heads=5)
