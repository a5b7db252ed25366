"""Is it known across sweeps what a webhook was told?"""

from scaling.records.spending.told import read_told, write_told


def test_what_is_written_is_read(tmp_path):
    assert read_told(tmp_path) == []
    write_told(tmp_path, ["a failed", "budget 2 50"])
    assert read_told(tmp_path) == ["a failed", "budget 2 50"]
