"""Does a training that is asked to leave end its step, keep it, and go on from that very step?"""

import os
import signal
import threading

import pytest

from scaling.launch.trials import leaving
from scaling.launch.trials.leaving import Left
from scaling.launch.trials.trial import train
from scaling.records import Run
from scaling.training import Trainer, checkpoint


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
        os.kill(os.getpid(), signal.SIGTERM)
        assert got == [signal.SIGTERM]
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
