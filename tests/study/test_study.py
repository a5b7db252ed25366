"""Does a study refuse a name or a number of seeds that cannot be?"""

import pytest

from scaling.study import Study


def study(trials, **fields):
    return Study(
        **{"name": "test", "question": "?", "expectation": "!", "trials": trials, **fields}
    )


@pytest.mark.parametrize("name", ["../up", "a/b", "", "runs", "."])
def test_a_study_name_cannot_leave_its_root(tiny, name):
    with pytest.raises(ValueError):
        study([tiny], name=name)


@pytest.mark.parametrize("value", [0, "three", 1.5])
def test_bad_seeds_are_refused(tiny, value):
    with pytest.raises(ValueError, match="seeds"):
        study([tiny]).with_settings({"seeds": value})
