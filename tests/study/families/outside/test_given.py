"""Is a property of a user's network that is of another kind named before anything is planned?"""

from typing import Any, Literal

import pytest

from scaling.study import Network, cost
from scaling.study.costs.layers import Linear
from scaling.study.families import FAMILIES
from scaling.study.families.outside.given import check_given
from tests.study.test_study import study


class Given(Network):
    family: Literal["given"] = "given"
    width: int = 8
    more: Any = 1

    def layers(self):
        return [Linear(self.width, self.width)]


NETWORK = Given(input_size=8, channels=1, num_classes=10)
FAMILIES.pop("given")  # of this file alone


def test_what_the_base_class_says_is_sound(tiny):
    check_given([NETWORK, NETWORK, tiny.model])


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("name", None, "one line of text"),
        ("name", "a\nb", "one line of text"),
        ("name", "x" * 500, "that name a file, 200 at most; shorten name"),
        ("rung", 3, "one line of text"),
        ("title", " ", "one line of text"),
        ("series", 3, "one line of text, or None"),
        ("slug", "../x", "that name a file"),
        ("slug", "", "that name a file"),
        ("input_shape", (1, 8), r"\(channels, height, width\)"),
        ("input_shape", (1, "8", 8), r"\(channels, height, width\)"),
        ("out_channels", 0, "a whole number above 0"),
        ("condition", "colour", "one of classes, text, none"),
        ("model_id", "../../x", "a hash"),
        ("layers", 3, "a list of Layers, or None"),
        ("layers", [3], "a list of Layers, or None"),
    ],
)
def test_a_property_of_another_kind_is_named(name, value, wanted, tiny, monkeypatch):
    given = (lambda self: value) if name == "layers" else property(lambda self: value)
    monkeypatch.setattr(Given, name, given)
    named = "slug" if value == "x" * 500 else name
    with pytest.raises(ValueError, match=rf"{named} of the family 'given' is .*, not .*{wanted}"):
        study([tiny.model_copy(update={"model": NETWORK})])


def test_a_field_that_can_be_changed_in_place_is_refused():
    with pytest.raises(
        ValueError, match=r"^a field of the family 'given' holds .* make it a tuple"
    ):
        check_given([NETWORK.model_copy(update={"more": [1]})])


def test_a_count_of_another_kind_is_named(monkeypatch):
    monkeypatch.setattr(Given, "counted", lambda self: ("a", 1))
    monkeypatch.setattr(Given, "layers", lambda self: None)
    with pytest.raises(
        ValueError, match=r"^counted\(\) of the family 'given' is \('a', 1\), not \("
    ):
        cost.params(NETWORK.model_copy(update={"width": 9}))
