"""Is a network found by its family, and is a user's own as good as ours, without torch?"""

import json

import pytest

from scaling.study import ModelSpec, Plan, TrialSpec, cost, load_study
from scaling.study.families import FAMILIES, named_network, network_of
from scaling.study.families.recorded import Recorded
from scaling.study.families.source import source_id
from scaling.study.settings import fields_of, with_settings
from tests.study.families.outside import write_study


def test_a_trial_takes_the_network_that_its_family_names(tmp_path):
    (trial, _) = load_study(str(write_study(tmp_path, "taken"))).trials
    read = TrialSpec.model_validate_json(trial.model_dump_json())
    assert type(read.model) is FAMILIES["taken"] and read == trial
    assert read.train_id == trial.train_id and type(read.model) is not ModelSpec


def test_an_unknown_family_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"unknown family 'unet'; known: .*dit.*; a family"):
        network_of({"family": "unet", "input_size": 8})


def test_a_family_that_is_the_suites_own_is_not_taken_by_another(tmp_path):
    study = write_study(tmp_path, "thief", {'"thief"] = "thief"': '"dit"] = "dit"'})
    with pytest.raises(ValueError, match=r"family 'dit' of .* is taken by .*ModelSpec"):
        load_study(str(study))


def test_settings_are_of_the_networks_own_fields(tmp_path):
    trial = load_study(str(write_study(tmp_path, "settings"))).trials[0]
    assert with_settings(trial, {"model.width": 6}).model.rung == "w6"
    assert "model.width" in fields_of(trial) and "model.patch" not in fields_of(trial)
    with pytest.raises(ValueError, match=r"unknown setting 'model.patch'; nearest"):
        with_settings(trial, {"model.patch": 2})
    with pytest.raises(ValueError, match=r"model.width: .*integer.* \(got 'wide'\)"):
        with_settings(trial, {"model.width": "wide"})


def test_a_whole_network_is_set_like_a_field(tmp_path, tiny):
    conv = load_study(str(write_study(tmp_path, "whole"))).trials[0].model
    assert with_settings(tiny, {"model": conv, "model.width": 12}).model.rung == "w12"


def test_a_family_without_layers_is_counted_by_fvcore(tmp_path):
    (small, large) = (t.model for t in load_study(str(write_study(tmp_path, "counted"))).trials)
    assert small.layers() is None
    by_hand = 64 * (9 * 4 + 2 * 9 * 4 * 4 + 4 * 2) + 4
    assert cost.forward_macs(small) == by_hand < cost.forward_macs(large)
    weights = 11 * 4 + 2 * 4 + (9 * 4 + 4) + 2 * (9 * 16 + 4) + (4 * 2 + 2)
    assert cost.params(small) == weights


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


def test_published_names_are_found_in_all_families():
    assert named_network("DiT-B/4", 512) == ModelSpec.preset("DiT-B/4", 512)
    with pytest.raises(ValueError, match="unknown model 'DiT-M/2'; nearest: DiT-"):
        named_network("DiT-M/2")
    with pytest.raises(ValueError, match="resolution 100 is not a positive multiple of 8"):
        named_network("DiT-B/4", 100)


def test_our_own_families_have_no_source():
    assert source_id(ModelSpec) is None
    assert "source" not in ModelSpec.preset("DiT-S/2").model_dump()
