"""Do boards follow a sweep, and does one that fails leave it alone?"""

from scaling.loggers import LOGGERS, Logger
from scaling.loggers.follow import Boards
from scaling.loggers.tensorboard import TensorBoard
from tests.written import line


def losses(study, index: int) -> list[int]:
    plan = study.plan()
    held = TensorBoard(study.folder, plan).held(plan.trials[index])
    return sorted(held.get("training/loss", {}))


def test_all_trials_are_there_after_a_sweep_and_nothing_of_those_that_have_not_begun(study):
    told = []
    with Boards(study, study.plan(), ["tensorboard"], told.append) as boards:
        second = study.plan().trials[1].train_id
        study.run(second).log(line(5))
        boards.changed(second)
    assert losses(study, 0) == [5, 10, 12] and losses(study, 1) == [5] and not told


def test_a_training_that_goes_on_is_followed(study):
    plan = study.plan()
    boards = Boards(study, plan, ["tensorboard"], print)
    boards.look()
    assert losses(study, 1) == []
    study.run(plan.trials[1].train_id).log(line(5))
    boards.look()
    assert losses(study, 1) == []  # nobody said that it changed
    boards.changed(plan.trials[1].train_id)
    boards.look()
    assert losses(study, 1) == [5]


def test_a_board_that_fails_is_told_once_and_the_others_go_on(study, monkeypatch):
    class Broken(TensorBoard):
        def add(self, trial, points):
            raise ConnectionError("no route\nto the server")

    monkeypatch.setitem(LOGGERS, "mlflow", Logger("sys", "-", lambda *asked: Broken(*asked)))
    told = []
    study.run(study.plan().trials[1].train_id).log(line(5))
    with Boards(study, study.plan(), ["mlflow", "tensorboard"], told.append):
        pass
    assert told == [
        "mlflow is left alone, the sweep goes on: ConnectionError: no route; the same command "
        "brings it up to date"
    ]
    assert losses(study, 0) == [5, 10, 12] and losses(study, 1) == [5]
