"""Does a run give back what was logged, and is a record of newer code refused?"""

import json

import pytest

from scaling.records import Run


def test_the_later_line_of_a_step_counts(tmp_path):
    run = Run(tmp_path)
    for line in ({"step": 1, "loss": 9}, {"step": 2, "loss": 8}, {"step": 1, "loss": 7}):
        run.log(line)
    assert run.curve() == [{"step": 1, "loss": 7}, {"step": 2, "loss": 8}]


def test_a_newer_schema_is_refused(tmp_path):
    (tmp_path / "state.json").write_text(json.dumps({"schema_version": 99}))
    with pytest.raises(ValueError, match="schema version 99"):
        Run(tmp_path).state()
