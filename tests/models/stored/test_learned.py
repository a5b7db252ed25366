"""Do a script's arguments and a pipeline's scheduler say what was learned?"""

import json
from argparse import Namespace

import pytest
import torch

from scaling.models.formats.diffusers import WEIGHTS
from scaling.models.stored.learned import null_by_arguments
from scaling.models.stored.open_weights import open_weights
from scaling.study.specs.weights import WeightsSpec
from tests.models import golden
from tests.models.foreign import SiT
from tests.models.stored.saved import hub_folder, opened
from tests.models.test_weights import refusal


def test_a_scripts_arguments_tell_what_was_learned(tmp_path):
    def tells(**arguments):
        torch.save({"ema": SiT().state_dict(), "args": Namespace(**arguments)}, tmp_path / "c.pt")
        return open_weights(tmp_path / "c.pt", WeightsSpec(heads=4))

    sit = tells(model="SiT-XL/2", path_type="Linear", prediction="velocity")
    assert sit.diffusion.objective == "flow"
    assert tells(model="SiT-XL/2").diffusion.objective == "flow"
    assert tells(model="DiT-XL/2", epochs=3).diffusion.objective == "ddpm"
    with pytest.raises(ValueError, match="path_type GVP and prediction velocity"):
        tells(path_type="GVP", prediction="velocity")


@pytest.mark.parametrize(
    "arguments",
    [
        {"model": "DiT-XL/2", "noise_schedule": "cosine"},
        {"predict_xstart": True},
        {"prediction_type": "v_prediction"},
        {"diffusion_steps": 4000},
    ],
)
def test_arguments_that_name_another_process_are_refused(tmp_path, arguments):
    torch.save({"ema": golden.weights(), "args": arguments}, tmp_path / "c.pt")
    name, value = [*arguments.items()][-1]
    message = refusal(opened, tmp_path / "c.pt")
    assert f"say {name} {value}" in message and "--objective ddpm" in message
    assert opened(tmp_path / "c.pt", objective="ddpm").diffusion.objective == "ddpm"
    usual = {"noise_schedule": "linear", "predict_xstart": False, "prediction_type": "epsilon"}
    torch.save({"ema": golden.weights(), "cfg": usual}, tmp_path / "d.pt")
    assert opened(tmp_path / "d.pt").diffusion.objective == "ddpm"


SCALED = {"beta_schedule": "scaled_linear"}


def test_a_pipelines_scheduler_is_heeded(exported, tmp_path):
    hub_folder(exported, tmp_path / "transformer", {WEIGHTS: [""]}, {})
    (tmp_path / "scheduler").mkdir()
    place = tmp_path / "scheduler" / "scheduler_config.json"
    linear = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.03}
    place.write_text(json.dumps({**linear, "num_train_timesteps": 500}))
    found = open_weights(tmp_path).diffusion
    assert (found.timesteps, found.beta_end, found.objective) == (500, 0.03, "ddpm")
    place.write_text(json.dumps({**linear, "num_train_timesteps": 500, **SCALED}))
    assert open_weights(tmp_path).diffusion.beta_schedule == "scaled_linear"
    told = open_weights(tmp_path, WeightsSpec(objective="ddpm"))
    assert told.diffusion.beta_schedule == "scaled_linear"  # which an option does not undo
    place.write_text(json.dumps({**linear, "beta_schedule": "squaredcos_cap_v2"}))
    said = refusal(open_weights, tmp_path)
    assert "none of ours (beta_schedule squaredcos_cap_v2, here linear or scaled_linear)" in said
    told = "; ".join(open_weights(tmp_path, WeightsSpec(objective="ddpm")).said)
    assert "squaredcos_cap_v2, here linear or scaled_linear), and is not heeded" in told


@pytest.mark.parametrize(
    ("arguments", "null"),
    [
        ({"num_classes": 9}, "last"),
        ({"num_classes": 10}, "none"),
        (Namespace(num_classes=10), "none"),
        ({"num_classes": 1000}, None),
        ({"class_dropout_prob": 0.0}, "none"),
        ({"cfg_prob": 0.1}, "last"),
        (None, None),
    ],
)
def test_a_scripts_arguments_tell_of_a_row_for_no_class(arguments, null):
    state = {"y_embedder.embedding_table.weight": torch.zeros(10, 4)}
    assert null_by_arguments(arguments, state) == null
    assert null_by_arguments(arguments, {}) is None


def test_a_class_in_the_last_row_is_kept_where_the_arguments_say_so(tmp_path):
    torch.save({"ema": golden.weights(), "args": {"num_classes": 11}}, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt", null=None, objective="ddpm")
    assert found.spec.num_classes == 11 and not any("--null" in line for line in found.said)
