"""Does what was expected of a training stay as it was?"""

import pytest

from scaling.records.parsed import Damaged
from scaling.records.spending.expected import FILE, add_expected, read_expected
from tests.written import ID


def expected(hours: float) -> dict:
    counts = {"steps": 10, "evaluations": 1, "basis": "b"}
    return {"train_gpu_hours": hours, "measure_gpu_hours": 0.5, **counts}


def test_the_first_word_stays(tmp_path):
    assert read_expected(tmp_path) == {}
    add_expected(tmp_path, {ID: expected(1.0)})
    add_expected(tmp_path, {ID: expected(2.0), "a" * 16: expected(3.0)})
    assert read_expected(tmp_path) == {ID: expected(1.0), "a" * 16: expected(3.0)}


def test_a_damaged_file_is_named(tmp_path):
    (tmp_path / FILE).write_text('{"trainings": {"no-id": 3}}')
    with pytest.raises(Damaged, match=r"forecast\.json"):
        read_expected(tmp_path)
