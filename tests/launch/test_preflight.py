"""Is a network whose stated cost is not its own refused before anything runs?"""

import pytest

from scaling.launch import preflight
from scaling.study import Plan, Study
from scaling.study.families.dit import ModelSpec
from scaling.study.settings import with_settings


def plan(*trials) -> Plan:
    return Plan.of(Study(name="test", question="?", expectation="!", trials=trials))


def test_layers_that_are_not_the_networks_are_refused_the_cheapest_model_first(tiny, monkeypatch):
    deeper = with_settings(tiny, {"model.depth": 3})
    preflight.check_counts(plan(deeper, tiny))
    right = ModelSpec.layers
    monkeypatch.setattr(ModelSpec, "layers", lambda self: right(self)[:-1])  # without the head
    with pytest.raises(ValueError, match=r"layers\(\) of DiT-d1w16/4 .* mend layers\(\)") as error:
        preflight.check_counts(plan(deeper, tiny))
    assert "\n" not in str(error.value)


def test_one_model_of_many_whose_layers_are_wrong_is_found(tiny, monkeypatch):
    wider = with_settings(tiny, {"model.width": 24})
    right = ModelSpec.layers
    wrong = lambda self: right(self)[: -1 if self.width == 24 else None]  # noqa: E731
    monkeypatch.setattr(ModelSpec, "layers", wrong)
    with pytest.raises(ValueError, match=r"layers\(\) of DiT-d1w24/4"):
        preflight.check_counts(plan(tiny, wider))
