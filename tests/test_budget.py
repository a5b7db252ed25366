"""Does a sweep answer who asks to begin, stop at its budget, tell of it, and say what is left?"""

import pytest

from scaling.budget import Budget
from scaling.records.spending.allowance import ASKS, allowance_of, read_allowance
from scaling.webhook import Webhook
from tests.records.spending.test_account import session, write
from tests.test_accounts import PRIOR, accounts, study, worked

__all__ = ["study"]  # the fixture
ASKING = {"done": False, "state": "pending", "why": ASKS}
RUNNING = {"done": False, "state": "running"}


class Said(Webhook):
    """Keeps what it is told once."""

    def __init__(self):
        super().__init__(None, "two", print)
        self.texts = []

    def send(self, text, key=None):
        self.texts.append(text)


def begun(study, gpu_hours, prior=PRIOR) -> tuple[Budget, Said]:
    said = Said()
    budget = Budget(gpu_hours, accounts(study, prior), study[1], said)
    budget.begin()
    return budget, said


@pytest.fixture
def looks(monkeypatch):
    """Every look is due."""
    monkeypatch.setattr("scaling.budget.LOOK_S", -1.0)


def test_who_asks_is_let_begin_or_refused(study, looks):
    plan, folder = study
    path = allowance_of(folder.folder)
    budget, _ = begun(study, 2.0)  # a training takes 0.2 hours, its two evaluations 1
    first, second = (trial.train_id for trial in plan.trials)
    assert read_allowance(path)["may_begin"] == []
    budget.take_in(first, ASKING)
    budget.take_in(second, ASKING)
    allowed = read_allowance(path)
    assert allowed["may_begin"] == [first] and list(allowed["refused"]) == [second]
    assert allowed["refused"][second].startswith("it is forecast to take 1.2 GPU-hours, and 0.8")
    assert allowed["ending"] is None
    assert budget.reached == "1 training was not begun within the budget of 2 GPU-hours"


def test_at_the_budget_all_end_and_the_webhook_hears_of_half_and_most_once(study, looks):
    plan, folder = study
    budget, said = begun(study, 2.0)
    first = plan.trials[0].train_id
    budget.take_in(first, ASKING)
    worked(study, 0, 3, 1.1 * 3600)
    for _ in range(2):
        budget.take_in(first, RUNNING)
    assert said.texts == ["50 % of the budget of 2 GPU-hours are spent"]
    worked(study, 0, 5, 1.9 * 3600)
    budget.take_in(first, RUNNING)
    assert said.texts[1:] == ["90 % of the budget of 2 GPU-hours are spent"]
    assert read_allowance(allowance_of(folder.folder))["ending"] == budget.reached
    assert budget.reached == "the budget of 2 GPU-hours is reached" and not budget.is_over()
    worked(study, 0, 6, 1.999 * 3600)
    assert budget.is_over() and budget.over == budget.reached


def test_the_end_says_what_is_left_and_what_it_takes(study, looks):
    plan, _ = study
    budget, _ = begun(study, 1.0)
    first = plan.trials[0].train_id
    budget.take_in(first, ASKING)
    budget.take_in(first, {"done": True, "state": "stopped"})
    assert budget.summary() == (
        "0 of the budget of 1 GPU-hours are spent; 2 trainings are left: about 2.4 GPU-hours, the "
        f"most for {plan.trials[0].trial_id} (1.2), {plan.trials[1].trial_id} (1.2); the same "
        "command with --budget 2.4 goes on"
    )


def test_trainings_whose_hours_are_not_on_record_count_by_their_curves(study, looks):
    _, folder = study
    train_id = worked(study, 0, 6, 1800.0)
    write(folder.run(train_id), session(0, None, devices=1.0))
    budget, _ = begun(study, 1.0)
    assert budget.summary().startswith(
        "0.5 of the budget of 1 GPU-hours are spent at least (1 of 2 trainings lack hours in their "
        "records and count by their curves); "
    )


def test_a_larger_budget_begins_anew_and_none_leaves_no_word_of_one(study, looks):
    plan, folder = study
    first = plan.trials[0].train_id
    budget, _ = begun(study, 0.1)
    budget.take_in(first, ASKING)
    path = allowance_of(folder.folder)
    assert list(read_allowance(path)["refused"]) == [first]
    begun(study, 3.0)
    assert read_allowance(path)["refused"] == {} and read_allowance(path)["ending"] is None
    budget, said = begun(study, None)
    assert not path.exists()
    budget.take_in(first, RUNNING)
    assert budget.reached is None and not budget.is_over() and not said.texts
