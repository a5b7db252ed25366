"""Is a question asked once, and its answer or its reason given to everyone?"""

import pytest

from analysis.select.once import once, recall


class Asked:
    def __init__(self):
        self.times = 0

    @once
    def value(self) -> int:
        self.times += 1
        return self.times

    @once
    def nothing(self) -> int:
        self.times += 1
        raise ValueError(f"asked {self.times} times")


def test_a_value_is_computed_once():
    asked = Asked()
    assert (asked.value, asked.value, asked.times) == (1, 1, 1)
    assert Asked().value == 1


def test_a_reason_is_kept_as_a_value_is():
    asked = Asked()
    for _ in range(3):
        with pytest.raises(ValueError, match="asked 1 times"):
            _ = asked.nothing


def test_answers_are_told_apart_by_what_was_asked():
    asked = Asked()
    assert [recall(asked, key, lambda key=key: key * 2) for key in (1, 2, 1)] == [2, 4, 2]
