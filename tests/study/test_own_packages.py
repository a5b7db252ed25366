"""Is a package ours that another one of its name had been imported for, or was left half read?"""

import sys

import pytest

from scaling.study import own_packages
from scaling.study.own_packages import own_package

NAME = "package_of_this_test"


@pytest.fixture
def places(tmp_path, monkeypatch):
    """Ours and another package of one name, of which the other can be imported."""
    monkeypatch.setattr(own_packages, "BESIDE", tmp_path / "ours")
    for whose in ("ours", "theirs"):
        folder = tmp_path / whose / NAME
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(f"whose = {whose!r}\n")
        (folder / "both.py").write_text(f"whose = {whose!r}\n")
    (tmp_path / "theirs" / NAME / "more.py").write_text("whose = 'theirs'\n")
    monkeypatch.syspath_prepend(str(tmp_path / "theirs"))
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def test_ours_takes_the_place_of_one_that_was_imported_with_its_modules(places):
    assert __import__(f"{NAME}.both").both.whose == "theirs"
    ours = own_package(NAME)
    assert ours.whose == "ours" and own_package(NAME) is ours
    assert __import__(f"{NAME}.both").both.whose == "ours"


def test_modules_that_ours_lacks_are_found_in_further_folders(places):
    ours = own_package(NAME, further=[places / "theirs", places / "none", places / "theirs"])
    assert len(ours.__path__) == 2
    assert __import__(f"{NAME}.more").more.whose == "theirs"
    assert __import__(f"{NAME}.both").both.whose == "ours"


def test_one_that_cannot_be_imported_is_not_taken_for_imported_the_next_time(places):
    (places / "ours" / NAME / "__init__.py").write_text("whose = 'ours'\nraise OSError('full')\n")
    for _ in range(2):
        with pytest.raises(OSError, match="full"):
            own_package(NAME)


def test_one_that_is_not_beside_scaling_is_named_with_the_folder(places):
    with pytest.raises(ImportError, match=r"the package no_such_package is not beside scaling in"):
        own_package("no_such_package")
