"""Is ADM-U two networks of which the first sees the small size, and does it cost both?"""

import pytest

from scaling.study import cost
from scaling.study.families import RaisedUNet, named_network
from tests.study.families.tiny import TINY


def test_it_costs_the_released_model_below_it_and_its_own_network():
    raised = named_network("adm-u-512")
    assert cost.forward_macs(raised) == cost.forward_macs(raised.base) + 2_504_784_986_112
    assert raised.base == named_network("adm-128")
    assert named_network("adm-u-256").base == named_network("adm-64")


def test_its_name_says_both():
    assert named_network("adm-u-256").name == "ADM-U-256"
    assert TINY["adm-u"].name == "ADM-U-w8x1-2b1a4 over w8x1-1.5b1a2 at 4"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"small_size": 3}, "the small size 3 does not divide the input size 8"),
        ({"small_size": 8}, "the small size 8 does not divide the input size 8"),
        ({"base_width": 9}, "width 9 times 1 is 9 channels"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        TINY["adm-u"].replaced(**fields)


def test_a_preset_of_another_side_is_refused():
    with pytest.raises(ValueError, match="adm-u-256 is made for 256 pixels a side, not 64"):
        RaisedUNet.preset("adm-u-256", 64)
