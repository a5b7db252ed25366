"""Is nothing left of the temporary files of a cluster, even of one whose driver was killed?"""

import os
import subprocess
import sys

import pytest

from scaling.launch import scratch

KILLED = """
import os, signal
from scaling.launch.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "pymp-x").mkdir()
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_processes_keep_their_files_in_a_folder_that_goes_with_the_cluster(temporary, monkeypatch):
    monkeypatch.setenv("TMPDIR", "/usual")
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    with scratch.scratch_folder() as folder:
        with scratch.temporary_files_in(folder):
            told = subprocess.run(
                [sys.executable, "-c", "import tempfile; print(tempfile.mkdtemp())"],
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
            assert os.environ["RAY_TMPDIR"] == "/usual"
        assert os.path.dirname(told) == str(folder) and os.path.isdir(told)
        assert os.environ["TMPDIR"] == "/usual" and "RAY_TMPDIR" not in os.environ
    assert not list(temporary.iterdir())


def test_what_a_killed_driver_left_goes_at_the_next_start_and_a_living_ones_stays(temporary):
    with scratch.scratch_folder() as living:
        killed = subprocess.run(
            [sys.executable, "-c", KILLED],
            capture_output=True,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary)},
        ).stdout.strip()
        assert {path.name for path in temporary.iterdir()} == {
            living.name,
            os.path.basename(killed),
        }
        with scratch.scratch_folder() as another:
            assert set(temporary.iterdir()) == {living, another}
        assert set(temporary.iterdir()) == {living}


def test_a_folder_that_another_process_swept_up_before_it_was_locked_is_made_again(
    temporary, monkeypatch
):
    lock, swept = scratch.fcntl.flock, []

    def late(file, how):
        if not swept:  # between the file's making and its lock
            swept.append(os.path.dirname(file.name))
            scratch.sweep_up(str(temporary))
        lock(file, how)

    monkeypatch.setattr(scratch.fcntl, "flock", late)
    with scratch.scratch_folder() as folder:
        assert str(folder) not in swept and (folder / scratch.LOCK).exists()
        assert not os.path.exists(swept[0])
        scratch.sweep_up(str(temporary))
        assert folder.is_dir()
    assert not list(temporary.iterdir())
