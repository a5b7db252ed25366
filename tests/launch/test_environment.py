"""Does the environment get its old variables back?"""

import os

from scaling.launch.environment import variables


def test_variables_are_as_before_afterwards(monkeypatch):
    monkeypatch.setenv("DIT_SCALING_KEPT", "old")
    monkeypatch.delenv("DIT_SCALING_NEW", raising=False)
    with variables({"DIT_SCALING_KEPT": "new", "DIT_SCALING_NEW": "new"}):
        assert os.environ["DIT_SCALING_KEPT"] == os.environ["DIT_SCALING_NEW"] == "new"
    assert os.environ["DIT_SCALING_KEPT"] == "old" and "DIT_SCALING_NEW" not in os.environ
