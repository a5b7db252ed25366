"""Do MM-DiTs cost what torch counts of SD3's, at each depth, and are their shapes checked?"""

import pytest
from pydantic import ValidationError

from scaling.study import cost
from scaling.study.families import MMDiT, named_network
from tests.study.families.tiny import TINY

# torch's FlopCounterMode / 2 on diffusers' networks: millions of parameters, GMACs at 256 px
COUNTED = {
    15: (496.1, 72.4),
    18: (856.2, 123.7),
    21: (1359.0, 195.0),
    24: (2028.3, 289.4),
    30: (3962.4, 561.0),
    38: (8056.6, 1133.0),
}


@pytest.mark.parametrize("depth", COUNTED)
def test_each_depth_costs_what_torch_counts(depth):
    m = named_network(f"sd3-d{depth}")
    params_m, gmacs = COUNTED[depth]
    assert (m.width, m.heads, m.tokens, m.text_tokens) == (64 * depth, depth, 256, 154)
    assert cost.params_m(m) == pytest.approx(params_m, rel=2e-4)
    assert cost.forward_gmacs(m) == pytest.approx(gmacs, rel=1e-3)


def test_resolution_costs_tokens():
    assert cost.forward_gmacs(named_network("sd3-d24", 1024)) == pytest.approx(4219, rel=1e-3)


def test_names_say_depth_patch_and_text_and_read_back():
    assert named_network("sd3-d24").name == "SD3-d24/2 [text]"
    assert TINY["sd3"].name == "SD3-d2w16/2" and TINY["sd3"].series == "patch 2"
    assert TINY["sd3"].named_like("SD3-d3w24/4") == TINY["sd3"].replaced(depth=3, patch=4)
    assert TINY["sd3"].named_like("sd3-d3").width == 3 * 64
    assert TINY["sd3"].named_like("DiT-S/2") is None
    with pytest.raises(ValidationError, match="depth"):
        TINY["sd3"].named_like("SD3-d0w64/2")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"patch": 3}, "patch 3 does not divide the input size 8"),
        ({"head_width": 3}, "depth 2 times 3 is a width of 6, not a multiple of 4"),
        ({"table_side": 1}, "a table_side of 1 positions is less than the image's 4; set it"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        TINY["sd3"].replaced(**fields)


def test_a_preset_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="unknown model 'sd3-dx'; presets of this family: sd3-d15"):
        MMDiT.preset("sd3-dx")
    with pytest.raises(ValueError, match="resolution 100 is not a positive multiple of 8"):
        MMDiT.preset("sd3-d15", 100)
