"""Where is the next checkpoint?"""

import pytest

from scaling.study.specs.checkpoints import next_stop


@pytest.mark.parametrize(
    "at, end, every, keep, stop",
    [
        (0, 12, 5, [], 5),
        (5, 12, 5, [], 10),
        (10, 12, 5, [], 12),
        (0, 12, 50, [], 12),
        (4, 12, 5, [3, 4, 7], 5),
        (5, 12, 5, [3, 4, 7], 7),
    ],
)
def test_the_next_checkpoint_is_the_first_step_that_has_one(at, end, every, keep, stop):
    assert next_stop(at, end, every, keep) == stop
