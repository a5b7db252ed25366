"""Does what can be made again lie where the environment says?"""

from pathlib import Path

import pytest

from scaling.records.cache import CACHE_VARIABLE, cache_folder


@pytest.mark.parametrize(
    "value, folder",
    [("/scratch/kept", Path("/scratch/kept")), ("", Path.home() / ".cache" / "dit-scaling")],
)
def test_the_folder_of_a_kind(value, folder, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, value)
    assert cache_folder("references") == folder / "references"
