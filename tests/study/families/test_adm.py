"""Does ADM cost what torch counts of its networks, at the sides that it was made for?"""

import pytest

from scaling.study import cost
from scaling.study.families import PixelUNet, named_network
from tests.study.families.tiny import TINY


def test_multiply_accumulates_are_those_that_torch_counts_of_the_same_networks():
    assert cost.forward_gmacs(named_network("adm-256")) == pytest.approx(1119.83, abs=0.01)
    assert cost.forward_gmacs(named_network("adm-512")) == pytest.approx(1983, rel=0.005)


def test_a_preset_is_of_the_side_that_its_name_says():
    assert PixelUNet.preset("adm-128") == PixelUNet.preset("adm-128", 128)
    assert PixelUNet.preset("adm-128").input_shape == (3, 128, 128)
    with pytest.raises(ValueError, match="adm-512 is made for 512 pixels a side, not 256"):
        PixelUNet.preset("adm-512", 256)
    with pytest.raises(ValueError, match="unknown model 'adm-32'; presets of this family: adm-64"):
        PixelUNet.preset("adm-32")


def test_heads_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ValueError, match="heads of 5 channels do not divide the 16 channels"):
        TINY["adm"].replaced(head_channels=5)
