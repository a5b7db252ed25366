"""Does a training read what its sweep allows, and wait where that is not there?"""

from scaling.records.spending.allowance import (
    allowance_of,
    ending,
    read_allowance,
    remove_allowance,
    write_allowance,
)

ALLOWED = {"gpu_hours": 2.0, "spent_gpu_hours": 0.5, "may_begin": ["a"], "refused": {"b": "dear"}}


def test_what_is_written_is_read(tmp_path):
    path = allowance_of(tmp_path)
    assert read_allowance(path) is None and ending(path) is None
    write_allowance(path, {**ALLOWED, "ending": "the budget is reached"})
    assert read_allowance(path)["may_begin"] == ["a"]
    assert ending(path) == "the budget is reached"


def test_a_sweep_without_a_budget_takes_it_away(tmp_path):
    path = allowance_of(tmp_path)
    remove_allowance(path)
    write_allowance(path, {**ALLOWED, "ending": None})
    remove_allowance(path)
    assert read_allowance(path) is None


def test_a_damaged_file_allows_nothing_and_ends_nothing(tmp_path):
    path = allowance_of(tmp_path)
    path.write_text('{"gpu_hours": "two"}')
    assert read_allowance(path) is None and ending(path) is None
