"""Does a reader ever see half a file, or a number nobody measured?"""

import multiprocessing
import os
import signal
import time

import pytest

from scaling.records.files import append_line, read_json, read_lines, write_json


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
        assert len(read_json(path)["rows"]) in (0, 20_000)


def test_nan_is_refused_and_leaves_the_old_file(tmp_path):
    write_json(tmp_path / "a.json", {"fid": None})
    with pytest.raises(ValueError):
        write_json(tmp_path / "a.json", {"fid": float("nan")})
    assert read_json(tmp_path / "a.json") == {"fid": None}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_line_cut_by_a_kill_is_closed_off_and_passed_over(tmp_path):
    path = tmp_path / "curve.jsonl"
    append_line(path, {"step": 1})
    with open(path, "a") as file:
        file.write('{"step": 2, "lo')
    append_line(path, {"step": 3})
    assert [line["step"] for line in read_lines(path)] == [1, 3]


def test_a_line_that_never_was_one_is_named_and_what_a_crash_left_is_passed_over(tmp_path):
    path = tmp_path / "curve.jsonl"
    path.write_bytes(b'{"step": 1}\n' + 40 * b"\0" + b'\n\n{"step": 2}\n')
    assert [line["step"] for line in read_lines(path)] == [1, 2]
    for stray in (b"Traceback (most recent call last):", b"[1, 2]", b"<<<<<<< ours"):
        path.write_bytes(b'{"step": 1}\n' + stray + b"\n")
        with pytest.raises(
            ValueError, match=r"curve\.jsonl holds a line that is not valid JSON \(no object\)"
        ):
            read_lines(path)
