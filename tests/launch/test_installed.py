"""Is a difference of code or of libraries between two machines told?"""

import pytest

from scaling.launch import installed as module
from scaling.launch.installed import CODE, check_same, digest, installed


def test_the_digest_is_of_names_and_contents_of_modules_alone(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.py").write_text("1")
    first = digest(tmp_path)
    (tmp_path / "a" / "notes.txt").write_text("2")
    assert digest(tmp_path) == first
    (tmp_path / "a" / "b.py").write_text("2")
    second = digest(tmp_path)
    (tmp_path / "a" / "b.py").rename(tmp_path / "a" / "c.py")
    assert len({first, second, digest(tmp_path)}) == 3


def test_builds_for_cpus_and_gpus_are_of_one_version(monkeypatch):
    monkeypatch.setattr(module, "versions", lambda: {"torch": "2.8.0+cu128"})
    installed.cache_clear()
    try:
        check_same({"torch": "2.8.0"})
        with pytest.raises(ValueError, match=r"has torch 2\.8\.0, and the sweep's machine 2\.7"):
            check_same({"torch": "2.7.1"})
    finally:
        installed.cache_clear()


def test_the_same_is_let_be_and_other_code_is_not():
    check_same(installed())
    with pytest.raises(ValueError, match=rf"has {CODE} \S+ \(code \w+\), and the sweep's"):
        check_same(installed() | {CODE: "9 (code 0)"})
    with pytest.raises(ValueError, match="has ray2 None"):
        check_same({"ray2": "1"})
