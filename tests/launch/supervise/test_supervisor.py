"""Does a sweep begin again on what is left where Ray is lost, and give up where it gets nowhere?"""

import pytest

from scaling.launch.supervise import supervisor
from scaling.launch.supervise.limits import LOSSES
from scaling.launch.supervise.order import Listed, Order
from scaling.launch.supervise.supervisor import Lost, supervised

CLUSTER = {"kind": "cluster", "dashboard": None, "cpus": 2.0, "gpus": 0.0, "local": True}
ENDED = {"kind": "ended"}


def result(name: str, step: int, done: bool = False) -> dict:
    return {"kind": "result", "train_id": name, "result": {"step": step, "done": done}}


def order(*names: str) -> Order:
    jobs = tuple(Listed(train_id=name, trial_id=name, text="{}") for name in names)
    return Order(
        study="test", jobs=jobs, address=None, gpus_per_trial=0.0, workers=1, precisions=()
    )


@pytest.fixture
def scripted(monkeypatch):
    """Drivers that say what they are given, a list for each in turn; the last one's again. Returns
    the orders that they got.
    """
    orders = []

    def play(*scripts):
        left = list(scripts)

        class Scripted:
            def __init__(self, order):
                orders.append([job.train_id for job in order.jobs])
                self.script = left.pop(0) if len(left) > 1 else left[0]

            def messages(self):
                for message in self.script:
                    if isinstance(message, str):
                        raise Lost(message)
                    yield dict(message)

            def go(self):
                orders.append("go")

            def end(self, in_order):
                orders.append("in order" if in_order else "killed")

        monkeypatch.setattr(supervisor, "Driver", Scripted)
        return orders

    return play


def follow(names, on_progress=lambda train_id, result: None):
    said = []
    with supervised(order(*names), said.append) as supervising:
        supervising.begin()
        return supervising.follow(on_progress), said


def test_what_is_done_is_not_begun_again_after_a_loss(scripted):
    orders = scripted(
        [CLUSTER, result("a", 3, done=True), result("b", 1), "raylet ended"],
        [CLUSTER, result("b", 3, done=True), ENDED],
    )
    told = []
    assert follow("ab", lambda train_id, result: told.append((train_id, result["step"]))) == (
        None,
        ["raylet ended; begun again on what is left"],
    )
    assert orders == [["a", "b"], "go", "killed", ["b"], "go", "in order"]
    assert told == [("a", 3), ("b", 1), ("b", 3)]


def test_who_gets_nowhere_is_given_up_with_the_reason(scripted):
    orders = scripted([CLUSTER, result("a", 5), "raylet ended"])
    why, said = follow("a")
    assert why == "raylet ended; given up after 5 times without progress in between"
    assert len(said) == LOSSES and orders.count(["a"]) == LOSSES + 1


def test_who_gets_on_may_be_lost_any_number_of_times(scripted):
    runs = [[CLUSTER, result("a", n), result("a", n + 1), "lost"] for n in range(3 * LOSSES)]
    orders = scripted(*runs, [CLUSTER, result("a", 99, done=True), ENDED])
    why, said = follow("a")
    assert why is None and len(said) == 3 * LOSSES and orders[-3:] == [["a"], "go", "in order"]


def test_a_cluster_that_does_not_come_back_ends_the_sweep_with_both_reasons(scripted):
    scripted([CLUSTER, "no answer"], [{"kind": "refused", "why": "no Ray cluster at h:1"}])
    assert follow("a")[0] == "no answer; no Ray cluster at h:1"


def test_what_the_cluster_refuses_at_first_is_bad_input(scripted):
    scripted([{"kind": "refused", "why": "--gpus-per-trial 2 asks for more"}])
    with pytest.raises(ValueError, match="asks for more"):
        follow("a")


def test_trials_that_tune_gave_up_are_begun_again(scripted):
    orders = scripted(
        [CLUSTER, result("a", 1, done=True), ENDED],
        [CLUSTER, result("b", 1, done=True), ENDED],
    )
    assert follow("ab")[0] is None
    assert orders == [["a", "b"], "go", "in order", ["b"], "go", "in order"]


def test_a_cluster_that_asks_for_no_token_is_warned_of_once(scripted):
    nobody_asks = CLUSTER | {"token": False}
    scripted([nobody_asks, "lost"], [nobody_asks, result("a", 1, done=True), ENDED])
    why, said = follow("a")
    assert why is None and "CVE-2023-48022" in said[0] and "RAY_AUTH_MODE=token" in said[0]
    assert said[1:] == ["lost; begun again on what is left"]


def test_a_training_that_has_ended_is_taken_up_again(scripted):
    orders = scripted(
        [CLUSTER, result("a", 6, done=True), result("b", 6, done=True), ENDED],
        [CLUSTER, result("b", 12, done=True), ENDED],
    )
    with supervised(order("a", "b"), print) as supervising:
        supervising.begin()
        assert supervising.follow(lambda train_id, result: None) is None
        supervising.again(["b"])
        assert supervising.follow(lambda train_id, result: None) is None
    assert orders == [["a", "b"], "go", "in order", ["b"], "go", "in order"]
