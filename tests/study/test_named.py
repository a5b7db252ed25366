"""Does a name give its thing, and another name those that there are?"""

import pytest

from scaling.study.named import named


def test_a_name_gives_its_thing_and_an_unknown_one_is_refused_with_those_there_are():
    table = {"mean": min, "none": None}
    assert named(table, "mean", "average") is min
    assert named(table, "none", "average") is None  # a thing like any other
    with pytest.raises(ValueError, match=r"^unknown average 'median'; known: mean, none$"):
        named(table, "median", "average")
