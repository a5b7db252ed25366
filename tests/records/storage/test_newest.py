"""Is a file that its writer writes anew read as nothing while it is missing or damaged?"""

from scaling.records.halving import HALVING, write_halving
from scaling.records.storage.newest import read_newest


def test_a_missing_or_damaged_file_is_none_and_a_whole_one_is_read(tmp_path):
    path = tmp_path / "asha.json"
    assert read_newest(path, HALVING) is None
    path.write_text("{")
    assert read_newest(path, HALVING) is None
    write_halving(path, {"grace": 4, "eta": 2, "passed": {}, "paused": {}, "freed": []})
    assert read_newest(str(path), HALVING)["grace"] == 4
