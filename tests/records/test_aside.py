"""Does a file change at once or not at all, and is nothing left beside it?"""

import os

import pytest

from scaling.records.aside import written_aside


def test_a_file_is_exchanged_whole_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "a.json"
    assert written_aside(path, b"one")
    with open(path, "rb") as reader:
        assert written_aside(path, b"two")
        assert reader.read() == b"one"  # who reads it keeps the file that was opened
    assert path.read_bytes() == b"two" and os.listdir(tmp_path) == ["a.json"]


def test_what_cannot_be_renamed_leaves_neither_file_nor_remains(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        written_aside(tmp_path / "folder", b"one")
    assert os.listdir(tmp_path) == ["folder"]
    with pytest.raises(FileNotFoundError):
        written_aside(tmp_path / "none" / "a.json", b"one")


def test_a_file_that_was_swept_away_before_its_renaming_is_told(tmp_path, monkeypatch):
    rename = os.replace

    def swept(aside, path):
        os.unlink(aside)  # as who takes it for a dead writer's
        rename(aside, path)

    monkeypatch.setattr(os, "replace", swept)
    assert written_aside(tmp_path / "a.json", b"one") is False
    assert os.listdir(tmp_path) == []
