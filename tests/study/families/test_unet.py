"""Are U-Nets' shapes checked, counted as printed, and named?"""

import pytest

from scaling.study import cost
from scaling.study.costs.published import published_for, published_others
from tests.study.families.tiny import TINY

NAMES = [row.model for row in published_others()]


@pytest.mark.parametrize("row", published_others(), ids=NAMES)
def test_the_printed_figures_are_met(row):
    assert published_for(row.spec) == row
    if row.gmacs is not None:
        assert cost.forward_gmacs(row.spec) == pytest.approx(row.gmacs, rel=0.0065)
    if row.params_m is not None:
        assert cost.params_m(row.spec) == pytest.approx(row.params_m, rel=0.005)


def test_names_say_the_shape_and_read_back():
    m = TINY["adm"]
    assert m.name == "ADM-w8x1-2b1a4" and m.rung == "w8x1-2b1a4"
    assert m.named_like("ADM-w16x1-1.5b2a8-4") == m.replaced(
        width=16, multipliers=(1, 1.5), blocks=2, attention=(8, 4)
    )
    for other in ("DiT-S/2", "ADM-w16x1.2.3b2a8", "ADM-w16x1--2b2a8", "ADM-w16x-b2a8"):
        assert m.named_like(other) is None


@pytest.mark.parametrize(
    ("family", "fields", "message"),
    [
        ("adm", {"input_size": 9}, "2 levels halve the sides 1 times, and 2 does not divide the"),
        ("adm", {"attention": (8, 2)}, r"attention at sides \[2\], but the levels .* \[8, 4\]"),
        ("adm", {"width": 10}, "width 10 times 1 is 10 channels, not a multiple of the 4 groups"),
        ("adm", {"multipliers": (1, 1.75)}, "width 8 times 1.75 is 14 channels"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(family, fields, message):
    with pytest.raises(ValueError, match=message):
        TINY[family].replaced(**fields)
