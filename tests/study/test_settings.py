"""Does a dotted setting reach its field, and is one that cannot be refused by name and value?"""

import pytest

from scaling.study import load_study
from scaling.study.settings import (
    beside,
    fields_of,
    listed_value,
    network_with,
    parse_grid,
    with_settings,
)
from tests.study.families.outside.someones import write_study


@pytest.mark.parametrize(
    "setting, says",
    [
        ({"model.patch": 3}, "patch 3 does not divide the input size 8"),
        ({"model.heads": 3}, "heads 3 do not divide the width 16"),
        ({"train.steps": 0}, "train.steps"),
        ({"train.batch": 0}, "train.batch"),
        ({"train.steps": "many"}, "train.steps"),
        ({"train.steps": 1.5}, "1.5"),
        ({"train.lr": float("nan")}, "train.lr"),
        ({"train.stepz": 1}, "nearest: train.steps"),
        ({"evaluate.protocol.sampler": "magic"}, "'ddpm', 'ddim'"),
        ({"evaluate.ema.length": 0.5}, "0.28"),
    ],
)
def test_a_bad_setting_is_refused_by_name_and_value(tiny, setting, says):
    with pytest.raises(ValueError, match=says.replace("(", r"\(")) as error:
        with_settings(tiny, setting)
    assert "\n" not in str(error.value)


def test_a_list_may_be_names_with_commas(tiny):
    told = {"evaluate.protocol.metrics": "fid,kid", "train.betas": "0.8,0.9"}
    spec = with_settings(tiny, told)
    assert spec.evaluate.protocol.metrics == ("fid", "kid") and spec.train.betas == (0.8, 0.9)
    assert listed_value("a,b", "text") == "a,b" and listed_value("[1,2],[3]", ()) == [[1, 2], [3]]


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


FLOW = {"diffusion.objective": "flow", "model.learn_sigma": False}


@pytest.mark.parametrize("turned", [False, True])
def test_settings_are_one_question_in_whatever_order(tiny, turned):
    """Each alone, or by the order in which it is given, would not fit what the trial had."""

    def told(settings):
        pairs = list(settings.items())
        return dict(pairs[::-1] if turned else pairs)

    plain = tiny.model.replaced(learn_sigma=False)
    flow = with_settings(tiny, told(FLOW))
    assert with_settings(tiny, told({"model": plain, "diffusion.objective": "flow"})) == flow
    fields = tiny.model.model_dump()
    assert with_settings(tiny, told({"model": fields} | FLOW)) == flow
    assert with_settings(tiny, told({"model": fields | {"patch": 3}, "model.patch": 4})) == tiny
    begun = with_settings(tiny, told({"train.init": {"path": "a"}, "train.init.heads": 3}))
    assert begun.train.init.heads == 3
    again = with_settings(begun, told({"train.init": {"path": "b"}, "train.init.heads": 2}))
    assert (again.train.init.path, again.train.init.heads) == ("b", 2)


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"model": "DiT-S/2"}, "model: Input should be a valid dictionary or instance of Network"),
        ({"model": {"family": "cnn"}}, "unknown family 'cnn'; known: adm"),
        ({"model": {}, "model.family": "sd3"}, "unknown setting 'model.family'"),
        ({"model": {"family": "ldm"}, "model.depth": 3}, "unknown setting 'model.depth'"),
        ({"train.init": None, "train.init.heads": 3}, "unknown setting 'train.init.heads'"),
        ({"diffusion.objective": "flow"}, "set model.learn_sigma=false"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(tiny, settings, says):
    with pytest.raises(ValueError, match=says) as error:
        with_settings(tiny, settings)
    assert "\n" not in str(error.value)


def test_a_network_takes_its_own_settings_whatever_else_the_trial_is(tiny):
    assert network_with(tiny, FLOW) == tiny.model.replaced(learn_sigma=False)
    with pytest.raises(ValueError, match=r"^model: heads 3 do not divide the width 16"):
        network_with(tiny, {"model.heads": 3})
    with pytest.raises(ValueError, match=r"^model: Input should be a valid dictionary"):
        network_with(tiny, {"model": "DiT-S/2"})


def test_what_is_set_beside_leaves_out_what_is_chosen_and_its_parts():
    settings = {"model.width": 1, "models": 2, "train.lr": 3, "train.steps": 4}
    assert beside(settings, ["model", "train.lr"]) == {"models": 2, "train.steps": 4}


def test_a_grid_is_read_as_values_are():
    pairs = ["model.width=16,32", "train.schedule=constant,cosine", "a=[1,2],[3]", "b=null,x"]
    assert parse_grid(pairs) == {
        "model.width": [16, 32],
        "train.schedule": ["constant", "cosine"],
        "a": [[1, 2], [3]],
        "b": [None, "x"],
    }


@pytest.mark.parametrize(
    "pairs, why",
    [
        (["width"], "is not KEY=VALUE,VALUE"),
        (["=3"], "is not KEY=VALUE,VALUE"),
        (["width="], "is not KEY=VALUE,VALUE"),
        (["a=1", "a=2"], "--grid a is given twice"),
        (["seeds=1,2"], "--grid seeds is no field of a trial"),
    ],
)
def test_what_is_no_grid_is_refused(pairs, why):
    with pytest.raises(ValueError, match=why):
        parse_grid(pairs)
