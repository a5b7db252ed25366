"""Does a name mean the DiT that bears it?"""

import pytest
from pydantic import ValidationError

from scaling.study import ModelSpec
from scaling.study.families.dit.names import kin, named_like, with_heads_among

EXAMPLE = ModelSpec(input_size=8, channels=1, patch=2, width=16, depth=2, heads=2, num_classes=10)


@pytest.mark.parametrize(
    "name", ["DiT-XL/2", "DiT-d4w64/4", "DiT-d4w64/4 [adaln]", "DiT-d2w16/1 mlp 2.5"]
)
def test_a_name_means_the_model_that_bears_it(name):
    model = named_like(EXAMPLE, name)
    assert model.name == name
    assert (model.input_size, model.channels, model.num_classes) == (8, 1, 10)


def test_another_name_is_no_dit_and_an_impossible_one_is_refused():
    assert named_like(EXAMPLE, "Mixer-d2w18") is None
    with pytest.raises(ValidationError, match="patch 3 does not divide the input size 8"):
        named_like(EXAMPLE, "DiT-S/3")


def test_kin_are_all_sizes_at_all_patches():
    wide = EXAMPLE.replaced(width=32, patch=4)
    names = ["DiT-d2w16/2", "DiT-d2w16/4", "DiT-d2w32/2", "DiT-d2w32/4"]
    assert kin(EXAMPLE, [wide]) == names
    small = ModelSpec.preset("DiT-S/2")
    assert kin(small, []) == ["DiT-B/2", "DiT-L/2", "DiT-S/2", "DiT-XL/2"]


def test_heads_are_those_of_a_planned_model_of_the_same_shape():
    unknown = named_like(EXAMPLE, "DiT-d2w16/4")
    assert unknown.heads == 1
    assert with_heads_among(unknown, [EXAMPLE]).heads == 2
    assert with_heads_among(named_like(EXAMPLE, "DiT-d3w16/4"), [EXAMPLE]).heads == 1
