"""Is what a training waits for left where status reads it?"""

import pytest

from scaling.running import waits_for

WAITS = "it has not begun for 2 min"


@pytest.mark.parametrize(
    "result, why",
    [
        ({"state": "pending", "why": "its trunk is being trained"}, "its trunk is being trained"),
        ({"state": "pending", "why": None, "waits": WAITS}, WAITS),
        ({"state": "preempted", "why": "no heartbeat for 40 s", "waits": WAITS}, WAITS),
        ({"state": "preempted", "why": "no heartbeat for 40 s"}, None),
        ({"state": "running", "why": "with 1 of 2 workers", "waits": None}, None),
        ({"state": "stopped", "why": "over the budget", "done": True}, None),
        ({"step": 3}, None),
    ],
)
def test_a_training_waits_for_a_place_its_trunk_or_the_budget(result, why):
    assert waits_for(result) == why
