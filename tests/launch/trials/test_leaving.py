"""Does a training that is asked to leave end its step, keep it, and go on from that very step?"""

import os
import signal
import threading
import time

import pytest
import torch
import torch.distributed as dist

from scaling.launch.trials import leaving
from scaling.launch.trials.leaving import Leaving, Left
from scaling.launch.trials.trial import train
from scaling.records import Run
from scaling.training import Trainer, checkpoint
from scaling.training.workers import Workers
from tests.training.forks import FORKS


@pytest.fixture
def asked_in(monkeypatch):
    """A function that has this process get SIGTERM while a training takes its n-th step."""
    took = Trainer._take_step

    def at(step: int) -> None:
        def take(self):
            if self.step == step - 1:
                os.kill(os.getpid(), signal.SIGTERM)
            return took(self)

        monkeypatch.setattr(Trainer, "_take_step", take)

    return at


def trained(tiny, folder) -> str:
    with leaving.heard():
        return train([tiny], Run(folder), lambda progress: None, session="here")


def weights(folder) -> dict:
    return checkpoint.load(Run(folder).checkpoints, 12).weights()


@pytest.mark.parametrize("step", [1, 5, 7, 8, 12])  # 5 is logged, 8 checkpointed, 12 the last
def test_it_goes_on_from_that_step_and_ends_as_if_undisturbed(tmp_path, tiny, asked_in, step):
    trained(tiny, tmp_path / "whole")
    run = Run(tmp_path / "left")
    asked_in(step)
    if step < 12:
        with pytest.raises(Left, match=f"asked to leave by SIGTERM, at step {step}"):
            trained(tiny, run.folder)
        state, (session,) = run.state(), run.record()["sessions"]
        assert (state["state"], state["why"]) == ("preempted", session["stopped"])
        assert session["to_step"] == step == checkpoint.newest_step(run.checkpoints)
    assert trained(tiny, run.folder) == "completed"
    assert run.record()["sessions"][-1]["from_step"] == (step if step < 12 else 0)
    whole = Run(tmp_path / "whole")
    assert weights(whole.folder).keys() == weights(run.folder).keys()
    for name, tensor in weights(whole.folder).items():
        assert tensor.equal(weights(run.folder)[name]), name
    told = ("step", "loss", "heldout_loss", "lr")
    assert [[line[key] for key in told] for line in run.curve()] == [
        [line[key] for key in told] for line in whole.curve()
    ]
    assert (run.folder / "curve.jsonl").read_text().count("\n") == len(run.curve())


def test_a_signal_is_heard_within_and_does_what_it_did_outside(monkeypatch):
    got = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    try:
        with leaving.heard():
            assert not leaving.is_asked()
            os.kill(os.getpid(), signal.SIGTERM)
            assert leaving.is_asked() and not got
        assert not leaving.is_asked()  # other work of the same process
        os.kill(os.getpid(), signal.SIGTERM)
        assert got == [signal.SIGTERM]
        leaving.ask("its node goes")  # too late for that training
        with leaving.heard():  # the next task of the same process
            assert not leaving.is_asked()
    finally:
        signal.signal(signal.SIGTERM, before)


def test_in_another_thread_nothing_is_changed():
    before, inside = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with leaving.heard():
            inside.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before]


class Two(Workers):
    """The lead of two, of whom the other tells ``others`` whenever they ask each other."""

    def __init__(self):
        super().__init__()
        self.size, self.asked, self.others = 2, 0, None

    def gathered(self, value) -> list:
        self.asked += 1
        return [value, (self.others, 1e9)]


def test_workers_ask_each_other_once_a_second_and_leave_for_the_reason_of_any(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    workers = Two()
    leave = Leaving(workers)
    for _ in range(1000):
        assert not leave()
        now[0] += 0.01
    assert 10 <= workers.asked <= 20  # more often while the pace is not known yet
    workers.others = "asked to leave by SIGTERM"
    assert sum(not leave() for _ in range(200)) < 120  # within the next second
    assert leave() and leave.why() == workers.others


def _worker(rank, store, spec, folder, queue):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    took = Trainer._take_step

    def take(self):
        if rank == 1 and self.step == 4:
            leaving.ask("its node goes")
        return took(self)

    Trainer._take_step = take
    try:
        train([spec], Run(folder), lambda told: None, session="two", workers=Workers("ddp"))
    except Left as left:
        queue.put(str(left))
    dist.destroy_process_group()


@pytest.mark.xdist_group("forks")
def test_two_workers_leave_at_one_step_and_one_goes_on_from_it(tmp_path, tiny):
    trained(tiny, tmp_path / "whole")
    queue, run = FORKS.SimpleQueue(), Run(tmp_path / "left")
    processes = [
        FORKS.Process(target=_worker, args=(rank, tmp_path / "store", tiny, run.folder, queue))
        for rank in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    first, second = queue.get(), queue.get()
    (session,) = run.record()["sessions"]
    assert first == second == session["stopped"] == run.state()["why"]
    assert first == f"its node goes, at step {session['to_step']}"
    assert session["to_step"] >= 5 and session["to_step"] == checkpoint.newest_step(run.checkpoints)
    assert trained(tiny, run.folder) == "completed"
    assert run.record()["sessions"][1]["from_step"] == session["to_step"]
    for ours, theirs in zip(run.curve(), Run(tmp_path / "whole").curve(), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-5)
