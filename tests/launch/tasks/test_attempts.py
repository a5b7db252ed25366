"""Is a loss told from an error, counted by progress, and does a retry after no memory ask for
less?
"""

import subprocess
import sys
import time

import pytest
from ray.exceptions import NodeDiedError, RayTaskError, WorkerCrashedError

from scaling.launch.supervise.limits import LOSSES
from scaling.launch.tasks import attempts
from scaling.launch.tasks.attempts import (
    Attempts,
    LostWorkers,
    is_loss,
    newest_step,
    smaller,
    why_of,
)
from scaling.study.execution import Execution


@pytest.mark.parametrize(
    "failure, loss",
    [
        (WorkerCrashedError(), True),
        (NodeDiedError("node"), True),
        (RayTaskError("train", "", LostWorkers("worker 1: gone")), True),
        (RayTaskError("train", "", ValueError("a bad value")), False),
    ],
)
def test_an_error_of_the_code_is_no_loss(failure, loss):
    assert is_loss(failure) == loss


def test_why_is_told_in_a_line():
    assert why_of(
        RayTaskError("train", "Traceback\nx.LostWorkers: 1 gone", LostWorkers("1 gone"))
    ) == ("1 gone")
    assert why_of(RayTaskError("train", "Traceback\nValueError: bad", ValueError("bad"))) == (
        "ValueError: bad"
    )


def test_losses_count_from_the_last_step_that_was_reached():
    tries = Attempts()
    assert [tries.may_go_on(0) for _ in range(LOSSES + 1)] == [True] * LOSSES + [False]
    assert all(tries.may_go_on(step) for step in range(1, 50))
    assert [tries.may_go_on(49) for _ in range(LOSSES)] == [True] * (LOSSES - 1) + [False]


def test_silence_is_measured_by_this_clock_whatever_the_heartbeat_says(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    tries = Attempts()
    assert tries.silent_s(1e9) == 0  # a clock that is far ahead
    now[0] += 30
    assert tries.silent_s(1e9) == 30
    assert tries.silent_s(5.0) == 0  # set back meanwhile, it still beats


@pytest.mark.parametrize(
    "workers, micro_batch, half", [(1, None, 32), (2, None, 16), (1, 3, 2), (1, 1, 1)]
)
def test_half_as_many_images_at_once(workers, micro_batch, half):
    now = Execution(workers=workers, micro_batch=micro_batch)
    assert smaller(now, 64) == now.model_copy(update={"micro_batch": half})


def test_the_newest_checkpoint_by_name(tmp_path):
    assert newest_step(tmp_path / "none") == 0
    for name in ("step-00000002", "step-00000010", ".step-00000099.tmp", "note"):
        (tmp_path / name).mkdir()
    assert newest_step(tmp_path) == 10


def test_a_process_of_this_machine_is_ended_by_its_number():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    attempts.end_process(process.pid, attempts.socket.gethostname())
    assert process.wait() == -9
    attempts.end_process(process.pid, attempts.socket.gethostname())  # gone already
