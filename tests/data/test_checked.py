"""Is data read through once, and again where a file or the question changed?"""

import os

import pytest

from scaling.data.checked import check_once


def test_data_is_checked_again_where_a_file_or_the_question_changed(tmp_path):
    checks, files = [], ["a", "b"]
    for name in files:
        (tmp_path / name).write_text(name)

    def check(*asked):
        check_once(lambda: checks.append(asked), tmp_path, files, *asked)
        return len(checks)

    assert [check(32), check(32), check(64), check(32)] == [1, 1, 2, 2]
    (tmp_path / "b").write_text("c")
    os.utime(tmp_path / "b", ns=(1, 1))
    assert [check(32), check(32)] == [3, 3]
    (tmp_path / "a").unlink()
    assert [check(32), check(32)] == [4, 5]  # what is missing is for the check to tell


def test_what_was_found_wrong_stays_wrong(tmp_path):
    (tmp_path / "a").write_text("a")

    def wrong():
        raise ValueError("a is damaged")

    for _ in range(2):
        with pytest.raises(ValueError, match="a is damaged"):
            check_once(wrong, tmp_path, ["a"])


def test_a_cache_that_cannot_be_written_to_costs_a_check(tmp_path, monkeypatch):
    (tmp_path / "a").write_text("a")
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "a"))  # a file, no folder
    checks = []
    for _ in range(2):
        check_once(lambda: checks.append(1), tmp_path, ["a"])
    assert len(checks) == 2
