"""Do a network's own draws follow a key, and leave those of others as they would have been?"""

import random

import numpy as np
import pytest
import torch

from scaling.data import stream
from scaling.models.drawing import drawing


def drawn() -> tuple[float, float, float]:
    return float(torch.rand(())), float(np.random.rand()), random.random()


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(1)
    np.random.seed(1)
    random.seed(1)


def test_draws_are_those_of_the_key_whatever_was_drawn_before():
    with drawing(stream("network", 0, 3)):
        one = drawn()
    drawn()
    with drawing(stream("network", 0, 3)):
        assert drawn() == one
    with drawing(stream("network", 0, 4)):
        other = drawn()
    assert all(a != b for a, b in zip(one, other))


@pytest.mark.parametrize("fails", [False, True])
def test_others_draw_what_they_would_have_drawn(fails):
    first = drawn()
    torch.manual_seed(1), np.random.seed(1), random.seed(1)
    try:
        with drawing(stream("network", 0, 3)):
            drawn()
            if fails:
                raise KeyError
    except KeyError:
        pass
    assert drawn() == first


def test_a_generator_that_is_handed_in_is_not_moved():
    generator = stream("network", 0, 3)
    before = generator.get_state()
    with drawing(generator):
        drawn()
    assert torch.equal(generator.get_state(), before)
