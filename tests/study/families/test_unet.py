"""Are U-Nets' shapes checked, counted as printed, and named?"""

import pytest

from scaling.models.counting.count import checked_count
from scaling.study import ModelSpec, cost
from scaling.study.costs.published import published_for, published_others
from scaling.study.families import LatentUNet, PixelUNet, RaisedUNet, named_network
from tests.study.families.tiny import TINY

NAMES = [row.model for row in published_others()]


@pytest.mark.parametrize("row", published_others(), ids=NAMES)
def test_the_printed_figures_are_met(row):
    assert published_for(row.spec) == row
    if row.gmacs is not None:
        assert cost.forward_gmacs(row.spec) == pytest.approx(row.gmacs, rel=0.0065)
    if row.params_m is not None:
        assert cost.params_m(row.spec) == pytest.approx(row.params_m, rel=0.005)


def test_what_is_asked_of_each_closely():
    """Parameters to the digit; multiply-accumulates as counted by torch on the same networks."""
    assert cost.forward_gmacs(named_network("adm-256")) == pytest.approx(1119.83, abs=0.01)
    assert cost.forward_gmacs(named_network("adm-512")) == pytest.approx(1983, rel=0.005)
    assert cost.params(named_network("ldm-4")) == 401_433_091
    raised = named_network("adm-u-512")
    assert cost.forward_macs(raised) == cost.forward_macs(raised.base) + 2_504_784_986_112
    assert raised.base == named_network("adm-128")


@pytest.mark.parametrize("size", ["S", "B", "L", "XL"])
def test_the_ladder_costs_what_the_dits_of_its_letters_do(size):
    unet, dit = named_network(f"unet-{size}"), ModelSpec.preset(f"DiT-{size}/2")
    assert cost.forward_gmacs(unet) == pytest.approx(cost.forward_gmacs(dit), rel=0.012)
    assert cost.params_m(unet) == pytest.approx(cost.params_m(dit), rel=0.03)
    assert unet.input_shape == dit.input_shape and unet.out_channels == dit.out_channels


def test_the_layers_of_a_large_one_are_what_its_network_counts():
    m = named_network("ldm-8")
    assert checked_count(m).macs == cost.forward_macs(m)


def test_names_say_the_shape_and_read_back():
    m = TINY["adm"]
    assert m.name == "ADM-w8x1-2b1a4" and m.rung == "w8x1-2b1a4"
    assert m.named_like("ADM-w16x1-1.5b2a8-4") == m.replaced(
        width=16, multipliers=(1, 1.5), blocks=2, attention=(8, 4)
    )
    for other in ("DiT-S/2", "ADM-w16x1.2.3b2a8", "ADM-w16x1--2b2a8", "ADM-w16x-b2a8"):
        assert m.named_like(other) is None
    assert named_network("ldm-8").name == "LDM-8" and named_network("adm-u-256").name == "ADM-U-256"
    assert TINY["adm-u"].name == "ADM-U-w8x1-2b1a4 over w8x1-1.5b1a2 at 4"


@pytest.mark.parametrize(
    ("family", "fields", "message"),
    [
        ("adm", {"input_size": 9}, "2 levels halve the sides 1 times, and 2 does not divide the"),
        ("adm", {"attention": (8, 2)}, r"attention at sides \[2\], but the levels .* \[8, 4\]"),
        ("adm", {"width": 10}, "width 10 times 1 is 10 channels, not a multiple of the 4 groups"),
        ("adm", {"multipliers": (1, 1.75)}, "width 8 times 1.75 is 14 channels"),
        ("adm", {"head_channels": 5}, "heads of 5 channels do not divide the 16 channels"),
        ("ldm", {"heads": 5}, "heads 5 do not divide the 16 channels"),
        ("adm-u", {"small_size": 3}, "the small size 3 does not divide the input size 8"),
        ("adm-u", {"small_size": 8}, "the small size 8 does not divide the input size 8"),
        ("adm-u", {"base_width": 9}, "width 9 times 1 is 9 channels"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(family, fields, message):
    with pytest.raises(ValueError, match=message):
        TINY[family].replaced(**fields)


@pytest.mark.parametrize(
    ("family", "name", "resolution", "message"),
    [
        (LatentUNet, "ldm-16", 256, "unknown model 'ldm-16'; presets of this family: ldm-4, ldm-8"),
        (LatentUNet, "ldm-8", 250, "resolution 250 is not a positive multiple of 8"),
        (PixelUNet, "adm-512", 256, "adm-512 is made for 512 pixels a side, not 256"),
        (RaisedUNet, "adm-u-256", 64, "adm-u-256 is made for 256 pixels a side, not 64"),
    ],
)
def test_a_preset_that_there_is_not_is_refused(family, name, resolution, message):
    with pytest.raises(ValueError, match=message):
        family.preset(name, resolution)
