"""Are records read, with their names and prices, where the network's code is not?"""

import json

import pytest

from scaling.study import Plan, cost, load_study
from scaling.study.families import FAMILIES
from scaling.study.families.outside.recorded import Recorded
from tests.study.families.outside.someones import write_study


def test_records_are_read_where_the_networks_code_is_not(tmp_path):
    """As a report does on another machine: names, rungs and prices are those of the plan."""
    plan = Plan.of(load_study(str(write_study(tmp_path, "elsewhere"))))
    text = json.loads(plan.model_dump_json())
    family = FAMILIES.pop("elsewhere")
    read = Plan.model_validate(text)
    for ours, theirs in zip(plan.trials, read.trials, strict=True):
        assert type(theirs.spec.model) is Recorded
        assert (theirs.spec.train_id, theirs.spec.trial_id) == (ours.train_id, ours.trial_id)
        assert (theirs.spec.model.rung, theirs.spec.model.name) == (ours.rung, ours.model)
        assert cost.forward_gmacs(theirs.spec.model) == pytest.approx(ours.forward_gmacs)
        assert cost.params_m(theirs.spec.model) == pytest.approx(ours.params_m)
    with pytest.raises(ValueError, match=r"whose code is not loaded .* load the study's file"):
        theirs.spec.model.build()
    FAMILIES["elsewhere"] = family
    assert type(Plan.model_validate(text).trials[0].spec.model) is family


def test_records_of_other_code_are_not_taken_for_this_one(tmp_path):
    before = Plan.of(load_study(str(write_study(tmp_path, "older")))).model_dump(mode="json")
    load_study(str(write_study(tmp_path, "older", {"GAIN = 1.0": "GAIN = 0.5"})))
    assert type(Plan.model_validate(before).trials[0].spec.model) is Recorded
