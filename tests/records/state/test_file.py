"""Does a job's state read back as it was written, and is a damaged file told apart from none?"""

import time

import pytest

from scaling.records.state.file import UNREADABLE, StateFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.json"


def test_a_state_is_pending_until_it_is_written_and_once_it_is_cleared(path):
    file = StateFile(path)
    assert file.state() == {"state": "pending", "why": None}
    file.write_state("running", step=3, loss=0.5)
    state = file.state()
    assert (state["state"], state["step"], state["loss"]) == ("running", 3, 0.5)
    file.clear()
    assert file.state()["state"] == "pending"


def test_each_writing_is_a_heartbeat(path, monkeypatch):
    file, ticks = StateFile(path), iter([10.0, 11.5])
    monkeypatch.setattr(time, "time", lambda: next(ticks))
    file.write_state("running")
    assert file.state()["heartbeat"] == 10.0
    file.renew_state("running", None)
    assert file.state()["heartbeat"] == 11.5


def test_a_damaged_file_is_unreadable_until_it_is_written_anew(path):
    path.write_text("[")
    state = StateFile(path).state()
    assert state["state"] == UNREADABLE and "is not valid JSON" in state["why"]
    StateFile(path).write_state("failed", "OSError: disk is full")
    assert StateFile(path).state()["why"] == "OSError: disk is full"


def test_a_state_of_no_known_name_is_refused_and_not_written(path):
    with pytest.raises(ValueError, match="'dreaming' is not one of pending, running, completed"):
        StateFile(path).write_state("dreaming")
    assert not path.exists()


def test_a_reader_neither_writes_nor_clears(path):
    StateFile(path).write_state("completed", step=12)
    before = path.read_bytes()
    reader = StateFile(path, read_only=True)
    reader.write_state("failed", "it only looked")
    reader.clear()
    assert path.read_bytes() == before
