"""Does what can be made again lie where the environment says?"""

from pathlib import Path

import pytest

from scaling.records.cache import CACHE_VARIABLE, cache_folder, made_folder


@pytest.mark.parametrize(
    "value, folder",
    [("/scratch/kept", Path("/scratch/kept")), ("", Path.home() / ".cache" / "dit-scaling")],
)
def test_the_folder_of_a_kind(value, folder, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, value)
    assert cache_folder("references") == folder / "references"


def test_a_cache_that_cannot_be_made_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert made_folder("references").is_dir()
    (tmp_path / "file").touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "file"))
    with pytest.raises(ValueError, match=rf"cannot be written to .*set \${CACHE_VARIABLE} to"):
        made_folder("references")


def test_a_cache_in_no_home_names_the_variable(monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, "~nobody-here/a")
    with pytest.raises(
        ValueError, match=rf"^the cache ~nobody-here/a: .*set \${CACHE_VARIABLE} to"
    ):
        cache_folder("references")
