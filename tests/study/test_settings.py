"""Does a dotted setting reach its field, and is one that cannot be refused by name and value?"""

import pytest

from scaling.study import load_study
from scaling.study.settings import fields_of, listed_value, parse_grid, with_settings
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
