"""Is a cooldown's trunk trained where it is missing, once, with a checkpoint for each cooldown?"""

import pytest

from scaling.launch.trials.session import Setup
from scaling.launch.trials.trunk import trunk_checkpoint
from scaling.records import Run
from scaling.study.execution import Execution
from scaling.study.specs.ema import Ema
from scaling.training import Trainer, checkpoint
from scaling.training.workers import Workers
from tests.launch.trials.test_trial import cooldown

SETUP = Setup(Execution(), Workers(), lambda progress: None)


@pytest.fixture
def taken(monkeypatch):
    """The steps that are taken from here on."""
    steps, step = [], Trainer._take_step
    monkeypatch.setattr(
        Trainer, "_take_step", lambda self: (steps.append(self.step), step(self))[1]
    )
    return steps


def test_a_trunk_is_trained_once_and_then_read(tmp_path, tiny, taken):
    short, long = cooldown(tiny, 8), cooldown(tiny, 12)
    run, emas = Run(tmp_path), [tiny.evaluate.ema]
    saved = trunk_checkpoint(long.trunk, [short, long], run, SETUP, emas)
    assert saved.step == long.train.branch_step == 9 and saved.emas == (emas[0].label,)
    assert {6, 9} <= set(checkpoint.steps(run.checkpoints))  # where each of the two begins
    assert run.state()["state"] == "completed" and run.state()["session"] is None
    assert taken == list(range(9))
    assert trunk_checkpoint(long.trunk, [short, long], run, SETUP, emas) == saved
    assert taken == list(range(9))


def test_a_trunk_without_the_average_that_is_asked_for_is_trained_again(tmp_path, tiny, taken):
    long, run = cooldown(tiny, 12), Run(tmp_path)
    trunk_checkpoint(long.trunk, [long], run, SETUP, [tiny.evaluate.ema])
    other = Ema(length=0.1)
    again = trunk_checkpoint(long.trunk, [long], run, SETUP, [tiny.evaluate.ema, other])
    assert other.label in again.emas and taken == 2 * list(range(9))
