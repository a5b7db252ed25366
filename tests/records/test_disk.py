"""Is a disk without room refused with the numbers, wherever on it a file is to be?"""

import pytest

from scaling.records import disk


@pytest.mark.parametrize("out", ["", "new", "new/er/file.zip"])
def test_what_does_not_fit_is_refused_with_the_numbers_and_the_way(tmp_path, monkeypatch, out):
    asked = []

    def usage(path):
        asked.append(path)
        return type("Usage", (), {"free": 10**9})

    monkeypatch.setattr(disk.shutil, "disk_usage", usage)
    disk.check_room("3 images take", 10**9, tmp_path / out, "ask for fewer")
    with pytest.raises(ValueError, match=r"3 images take 1\.01 GB and .* has 1\.00 GB free; ask"):
        disk.check_room("3 images take", 1_010_000_000, tmp_path / out, "ask for fewer")
    assert asked == [tmp_path, tmp_path]


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as error:
        disk.nearest(tmp_path / "file" / "new")
    assert error.value.filename == str(tmp_path / "file")
