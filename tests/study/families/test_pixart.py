"""Does PixArt-alpha cost what torch counts of it, and is its shape checked?"""

import pytest

from scaling.study import cost
from scaling.study.families import PixArt, named_network
from tests.study.families.tiny import TINY


@pytest.mark.parametrize(("resolution", "gmacs"), [(256, 149.1), (512, 618)])
def test_it_costs_what_torch_counts(resolution, gmacs):
    m = named_network("pixart-alpha", resolution)
    assert cost.params_m(m) == pytest.approx(610.9, abs=0.05) and m.text_tokens == 120
    assert cost.forward_gmacs(m) == pytest.approx(gmacs, rel=1e-3)


def test_names_say_the_shape_and_read_back():
    assert named_network("pixart-alpha").name == "PixArt-d28w1152/2 [text]"
    assert TINY["pixart"].name == "PixArt-d1w16/2"
    assert TINY["pixart"].named_like("PixArt-d3w16/4") == TINY["pixart"].replaced(depth=3, patch=4)
    assert TINY["pixart"].named_like("pixart-alpha").depth == 28
    assert TINY["pixart"].named_like("DiT-S/2") is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"patch": 3}, "patch 3 does not divide the input size 8"),
        ({"heads": 3}, "heads 3 do not divide the width 16"),
        ({"width": 18, "heads": 1}, "width 18 is not a multiple of 4"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        TINY["pixart"].replaced(**fields)


def test_a_preset_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="unknown model 'pixart'; presets of this family"):
        PixArt.preset("pixart")
    with pytest.raises(ValueError, match="resolution 100 is not a positive multiple of 8"):
        PixArt.preset("pixart-alpha", 100)
