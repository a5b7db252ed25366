"""Does a busy job keep its heartbeat, and end it before its outcome?"""

import time

from scaling.records import Run
from scaling.records.state.file import StateFile
from scaling.records.state.heartbeat import Heartbeat


def test_a_busy_trial_keeps_its_heartbeat_and_ends_before_its_outcome(tmp_path, monkeypatch):
    monkeypatch.setattr("scaling.records.state.heartbeat.HEARTBEAT_S", 0.01)
    run = Run(tmp_path)
    with Heartbeat(run) as heartbeat:
        first = run.state()["heartbeat"]
        heartbeat.tell(step=7)
        deadline = time.monotonic() + 10
        while run.state().get("step") != 7 or run.state()["heartbeat"] <= first:
            assert time.monotonic() < deadline
    run.write_state("completed", step=7)
    time.sleep(0.1)
    assert run.state()["state"] == "completed"


def test_a_job_that_the_sweep_has_marked_as_stopped_is_not_called_running_again(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("scaling.records.state.heartbeat.HEARTBEAT_S", 0.01)
    run = Run(tmp_path)
    with Heartbeat(run) as heartbeat:
        heartbeat.tell(step=7)
        run.write_state("stopped", "interrupted")
        time.sleep(0.2)
        assert run.state()["state"] == "stopped"
    with Heartbeat(run):  # begun again
        assert run.state()["state"] == "running"


class SlowlyRead(StateFile):
    """Its readers take their time, as on a busy disk."""

    def state(self):
        stands = super().state()
        time.sleep(0.1)
        return stands


def test_what_the_sweep_says_while_a_beat_is_on_its_way_is_not_overwritten(tmp_path, monkeypatch):
    monkeypatch.setattr("scaling.records.state.heartbeat.HEARTBEAT_S", 0.01)
    written = StateFile(tmp_path / "state.json")
    with Heartbeat(SlowlyRead(written.path)):
        time.sleep(0.05)  # the first beat has read the state
        written.write_state("stopped", "interrupted")
        time.sleep(0.3)
        assert written.state()["state"] == "stopped"
