"""Is a sweep followed until all have ended, those that go on once more included, and what a
training waits for left where status reads it?
"""

from types import SimpleNamespace

import pytest

from scaling.running import Running, waits_for

WAITS = "it has not begun for 2 min"


class Supervisor:
    """Ends as told, one follow after another, and keeps what it is asked to take up again."""

    def __init__(self, *ends, refuses: str = ""):
        self.ends, self.refuses, self.taken_up, self.asked = list(ends), refuses, [], []

    def follow(self, on_progress, asked):
        on_progress("training", {"done": True})
        self.asked.append(asked())
        return self.ends.pop(0)

    def again(self, train_ids):
        self.taken_up.append(train_ids)
        if self.refuses:
            raise RuntimeError(self.refuses)


def running(supervisor, *again, reached=False, over=False) -> Running:
    """``again``: what ASHA lets go on after each end."""
    left, priced = list(again), []
    budget = SimpleNamespace(reached=reached, is_over=lambda: over, again=priced.append)
    halving = SimpleNamespace(again=lambda: left.pop(0) if left else [])
    made = Running(supervisor, "lease", "boards", "hook", budget, halving)
    object.__setattr__(made, "priced", priced)
    return made


def follow(made, asked=lambda lease: False):
    heard = []
    return made.follow(lambda *result: heard.append(result), asked), heard


def test_it_ends_when_all_have_ended():
    made = running(Supervisor(None))
    assert follow(made) == (None, [("training", {"done": True})])
    assert made.supervisor.taken_up == []


def test_those_that_asha_lets_go_on_are_priced_and_followed_too():
    made = running(Supervisor(None, None, None), ["a", "b"], ["a"])
    why, heard = follow(made)
    assert why is None and len(heard) == 3
    assert made.supervisor.taken_up == [["a", "b"], ["a"]] and made.priced == ["a", "b", "a"]


@pytest.mark.parametrize(("end", "reached"), [("Ray was lost", False), (None, True)])
def test_none_goes_on_after_a_loss_or_at_the_budget(end, reached):
    made = running(Supervisor(end), ["a"], reached=reached)
    assert follow(made)[0] == end and made.supervisor.taken_up == []


def test_a_cluster_that_refuses_to_go_on_is_the_reason():
    made = running(Supervisor(None, refuses="no node has a GPU any more"), ["a"])
    assert follow(made)[0] == "no node has a GPU any more"


@pytest.mark.parametrize(("person", "over"), [(False, False), (True, False), (False, True)])
def test_a_person_and_the_budget_are_both_asked(person, over):
    made = running(Supervisor(None), over=over)
    follow(made, lambda lease: lease == "lease" and person)
    assert made.supervisor.asked == [person or over]


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
