"""What does a family have without saying so, and which name may it not take?"""

from typing import Literal

import pytest

from scaling.study import Network, cost, load_study
from tests.study.families.outside.someones import write_study


def test_a_family_that_is_the_suites_own_is_not_taken_by_another(tmp_path):
    study = write_study(tmp_path, "thief", {'"thief"] = "thief"': '"dit"] = "dit"'})
    with pytest.raises(ValueError, match=r"family 'dit' of .* is taken by .*ModelSpec"):
        load_study(str(study))


def test_a_family_without_layers_is_counted_by_fvcore(tmp_path):
    (small, large) = (t.model for t in load_study(str(write_study(tmp_path, "counted"))).trials)
    assert small.layers() is None
    by_hand = 64 * (9 * 4 + 2 * 9 * 4 * 4 + 4 * 2) + 4
    assert cost.forward_macs(small) == by_hand < cost.forward_macs(large)
    weights = 11 * 4 + 2 * 4 + (9 * 4 + 4) + 2 * (9 * 16 + 4) + (4 * 2 + 2)
    assert cost.params(small) == weights


@pytest.fixture
def plain():
    """A network of a family that says nothing but its fields."""

    class Plain(Network):
        family: Literal["plain"] = "plain"
        depth: int = 2
        gain: float = 0.5

    return Plain(input_size=8, channels=3, num_classes=1)


def test_a_family_that_says_nothing_is_named_by_its_fields(plain):
    assert (plain.rung, plain.series) == ("depth 2, gain 0.5", None)
    assert (plain.name, plain.slug) == ("plain depth 2, gain 0.5", "plain-depth-2-gain-0.5")
    deeper = plain.replaced(depth=3)
    assert deeper.rung == "depth 3, gain 0.5" and deeper.gain == plain.gain


def test_shapes_follow_from_the_fields_that_every_network_has(plain):
    assert (plain.input_shape, plain.out_channels, plain.condition) == ((3, 8, 8), 6, "none")
    labelled = plain.replaced(num_classes=2, learn_sigma=False)
    assert (labelled.out_channels, labelled.condition) == (3, "classes")


def test_what_a_family_must_give_is_asked_for_by_name(plain):
    with pytest.raises(ValueError, match=r"family 'plain' has no build\(self\)"):
        plain.build()
    with pytest.raises(ValueError, match="unknown model 'P/2'; presets of this family: none"):
        plain.preset("P/2")


def test_two_families_of_one_name_in_one_file_are_refused(tmp_path):
    load_study(str(write_study(tmp_path, "twice")))
    # executed again, a file may call its class otherwise
    load_study(str(write_study(tmp_path, "twice", {"ConvNet": "Renamed"})))
    other = "class Other(Network):\n    family: Literal['twice'] = 'twice'\n\n\nclass ConvNet"
    study = write_study(tmp_path, "twice", {"class ConvNet": other})
    with pytest.raises(ValueError, match=r"line \d+: TypeError: family 'twice' of .* is taken by"):
        load_study(str(study))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("return self.last(x)", "return self.last(x).long()", r"returns numbers of torch\.int64"),
        (
            "return Blocks(self)",
            "return Blocks(self).requires_grad_(False)",
            "has no parameter to tr",
        ),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused(tmp_path, old, new, says):
    (network, _) = (
        t.model for t in load_study(str(write_study(tmp_path, "still", {old: new}))).trials
    )
    with pytest.raises(ValueError, match=says):
        cost.forward_macs(network)
