"""Do a script's arguments and a pipeline's scheduler say what was learned?"""

import json
from argparse import Namespace

import pytest
import torch

from scaling.models.formats.diffusers import WEIGHTS
from scaling.models.stored.open_weights import open_weights
from scaling.study.specs.weights import WeightsSpec
from tests.models.foreign import SiT
from tests.models.stored.saved import hub_folder
from tests.models.test_weights import refusal


def test_a_scripts_arguments_tell_what_was_learned(tmp_path):
    def tells(**arguments):
        torch.save({"ema": SiT().state_dict(), "args": Namespace(**arguments)}, tmp_path / "c.pt")
        return open_weights(tmp_path / "c.pt", WeightsSpec(heads=4))

    sit = tells(model="SiT-XL/2", path_type="Linear", prediction="velocity")
    assert sit.diffusion.objective == "flow"
    assert tells(model="DiT-XL/2", epochs=3).diffusion.objective == "ddpm"
    with pytest.raises(ValueError, match="path_type GVP and prediction velocity"):
        tells(path_type="GVP", prediction="velocity")


def test_a_pipelines_scheduler_is_heeded(exported, tmp_path):
    hub_folder(exported, tmp_path / "transformer", {WEIGHTS: [""]}, {})
    (tmp_path / "scheduler").mkdir()
    place = tmp_path / "scheduler" / "scheduler_config.json"
    linear = {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.03}
    place.write_text(json.dumps({**linear, "num_train_timesteps": 500}))
    found = open_weights(tmp_path).diffusion
    assert (found.timesteps, found.beta_end, found.objective) == (500, 0.03, "ddpm")
    place.write_text(json.dumps({**linear, "beta_schedule": "scaled_linear"}))
    assert "none of ours" in refusal(open_weights, tmp_path)
