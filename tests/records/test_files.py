"""Does a reader ever see half a file, or a number nobody measured?"""

import errno
import fcntl
import json
import multiprocessing
import os
import resource
import signal
import time
from pathlib import Path

import pytest

from scaling.records.files import (
    append_line,
    sweep_up,
    whole_lines,
    write_bytes,
    write_json,
)


def _write_for_ever(path):
    payload = {"rows": list(range(20_000))}
    while True:
        write_json(path, payload)


def test_a_killed_writer_leaves_a_whole_file(tmp_path):
    path = tmp_path / "state.json"
    write_json(path, {"rows": []})
    for _ in range(5):
        writer = multiprocessing.get_context("fork").Process(target=_write_for_ever, args=(path,))
        writer.start()
        time.sleep(0.05)
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        assert len(json.loads(path.read_text())["rows"]) in (0, 20_000)


def test_nan_is_refused_and_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"fid": None})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"fid": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"fid": None}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_line_cut_by_a_kill_is_closed_off_and_passed_over(tmp_path):
    path = tmp_path / "curve.jsonl"
    append_line(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "lo')
    append_line(path, {"step": 3})
    assert _steps(path) == {1: 1, 3: 3}


def _steps(path):
    return {number: json.loads(line)["step"] for number, line in whole_lines(path)}


def test_lines_that_a_crash_left_are_passed_over_and_others_keep_their_numbers(tmp_path):
    path = tmp_path / "curve.jsonl"
    assert _steps(path) == {}
    path.write_bytes(b'{"step": 1}\n' + 40 * b"\0" + b'\n\n{"step": 2}\n')
    assert _steps(path) == {1: 1, 4: 2}


def test_what_a_killed_writer_left_is_swept_up_and_a_living_one_is_let_be(tmp_path):
    write_json(tmp_path / "runs" / "a" / "record.json", {})
    dead = tmp_path / "runs" / "a" / ".record.json.0123abcd.tmp"
    alive = tmp_path / "runs" / "a" / ".state.json.0123abcd.tmp"
    another = tmp_path / "runs" / ".mine.tmp"
    for path in (dead, alive, another):
        path.write_text("{")
    with open(alive) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        sweep_up(tmp_path)
    assert not dead.exists() and alive.exists() and another.exists()


def test_a_file_that_was_taken_for_a_dead_writers_is_written_again(tmp_path, monkeypatch):
    replace, taken = os.replace, []

    def swept_just_before(source, target):
        if not taken:
            taken.append(source)
            os.unlink(source)
        replace(source, target)

    monkeypatch.setattr(os, "replace", swept_just_before)
    write_json(tmp_path / "a.json", [1])
    assert taken and json.loads((tmp_path / "a.json").read_text()) == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_full_disk_names_the_file():
    with pytest.raises(OSError) as failed:
        write_bytes(Path("/dev/full"), b"0")
    assert failed.value.filename == "/dev/full" and failed.value.errno == errno.ENOSPC
    assert not [path for path in Path("/dev").glob(".full*")]


def test_a_file_size_limit_names_the_file_and_leaves_the_old_one(tmp_path):
    path = tmp_path / "a.json"
    write_bytes(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError) as failed:
            write_bytes(path, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert failed.value.filename == str(path) and failed.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
