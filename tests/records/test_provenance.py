"""Does a record say by which code and libraries, and on what, it was measured?"""

import importlib.metadata
import json
import subprocess

import pytest

import scaling
from scaling.records import provenance
from scaling.records.provenance import LIBRARIES, code_version, versions


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A git checkout that holds the package in one commit."""
    package = tmp_path / "scaling"
    package.mkdir()
    (package / "__init__.py").write_text("")
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    monkeypatch.setattr(provenance.scaling, "__file__", str(package / "__init__.py"))
    code_version.cache_clear()
    yield package
    code_version.cache_clear()


def test_the_code_is_its_version_and_commit_and_whether_it_was_changed(checkout):
    head = subprocess.run(
        ["git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert code_version() == f"{scaling.__version__}+{head}"
    (checkout / "new.py").write_text("")  # not tracked
    code_version.cache_clear()
    assert code_version() == f"{scaling.__version__}+{head}"
    (checkout / "__init__.py").write_text("changed = True")
    code_version.cache_clear()
    assert code_version() == f"{scaling.__version__}+{head}+changes"


def test_without_git_the_code_is_its_version(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance.scaling, "__file__", str(tmp_path / "__init__.py"))
    code_version.cache_clear()
    try:
        assert code_version() == scaling.__version__
    finally:
        code_version.cache_clear()


def test_a_record_names_device_threads_and_every_library():
    found = provenance.provenance("NVIDIA H100", threads=3)
    assert (found["device"], found["threads"]) == ("NVIDIA H100", 3)
    assert found["versions"] == versions() and found["versions"].keys() == {"python", *LIBRARIES}
    assert found["versions"]["numpy"] == importlib.metadata.version("numpy")
    json.dumps(found, allow_nan=False)
