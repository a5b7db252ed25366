"""Do SiT's weights, imported, draw what SiT's own code draws, and do ours go out the same way?"""

import json

import pytest
import torch
from safetensors.torch import save_file

from scaling.diffusion import euler
from scaling.models import build_model
from scaling.models.formats.export import export_weights
from scaling.models.formats.sit import time_reversed
from scaling.models.stored.open_weights import open_weights
from scaling.models.weights import load_weights
from scaling.study import Protocol
from scaling.study.specs.weights import WeightsSpec
from scaling.study.timesteps import flow_times
from tests.models.foreign import SiT
from tests.models.formats.test_export import states_equal

torch.set_num_threads(1)


def opened(path, **told):
    found = open_weights(path, WeightsSpec(heads=4, **told))
    return found, load_weights(build_model(found.spec), found.state).eval()


@pytest.fixture
def given():
    torch.manual_seed(3)
    return torch.randn(5, 3, 8, 8), torch.tensor([0, 1, 5, 6, 7])


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("null", [True, False])
def test_a_sit_draws_here_what_it_draws_there(tmp_path, given, outputs, null):
    noise, y = given
    y = y if null else y.clamp(max=6)
    torch.manual_seed(1)
    theirs = SiT(outputs=outputs, null=null)
    torch.save({"ema": theirs.state_dict()}, tmp_path / "sit.pt")
    found, ours = opened(tmp_path / "sit.pt", objective="sit", null="last" if null else "none")
    assert found.diffusion.objective == "flow" and not found.spec.learn_sigma
    assert found.spec.num_classes == 7 and (found.label_dropout == 0) == (not null)
    times = flow_times(Protocol(sampler="euler", sampling_steps=50))
    with torch.no_grad():
        for t in (0.0, 0.3, 1.0):
            there = theirs(noise, torch.full((5,), 1 - t), y)
            assert (ours(noise, torch.full((5,), t), y) + there).abs().max() <= 2e-5
        drawn = euler(lambda x, t: ours(x, t, y), noise, times)
    assert (drawn - theirs.sampled(noise, y, 51)).abs().max() <= 1e-5
    assert (drawn - noise).abs().max() > 0.1


def test_a_flow_with_sits_outputs_is_sits_and_that_is_said(tmp_path):
    torch.save(SiT().state_dict(), tmp_path / "sit.pt")
    said = opened(tmp_path / "sit.pt", objective="flow")[0].said
    assert any("SiT's code, which runs the other way: converted" in line for line in said)
    torch.save(SiT(outputs=1).state_dict(), tmp_path / "flow.pt")
    found, ours = opened(tmp_path / "flow.pt", objective="flow")
    assert any("noise - image, with time 1 at the noise" in line for line in found.said)
    x, t, y = torch.randn(2, 3, 8, 8), torch.tensor([0.2, 0.9]), torch.tensor([0, 3])
    same = SiT(outputs=1)
    same.load_state_dict(torch.load(tmp_path / "flow.pt", weights_only=True))
    with torch.no_grad():
        assert (ours(x, t, y) - same(x, t, y)).abs().max() <= 2e-5


def test_nothing_told_is_taken_for_ddpm_aloud_or_asked(tmp_path):
    torch.save(SiT().state_dict(), tmp_path / "c.pt")
    found, _ = opened(tmp_path / "c.pt")
    assert found.diffusion.objective == "ddpm" and found.spec.learn_sigma
    assert any("assumed" in line and "--objective flow" in line for line in found.said)
    torch.save(SiT(outputs=1).state_dict(), tmp_path / "d.pt")
    assert opened(tmp_path / "d.pt")[0].diffusion is None


def test_time_reversed_twice_is_the_identity():
    weight = torch.randn(8, 256)
    assert (time_reversed(time_reversed(weight)) - weight).abs().max() <= 1e-6


def test_a_flow_goes_out_as_sits_code_loads_it(tmp_path, given):
    noise, y = given
    torch.save(SiT().state_dict(), tmp_path / "sit.pt")
    told = WeightsSpec(objective="sit", heads=4)
    assert "written to" in export_weights(
        tmp_path / "sit.pt", to="sit", out=tmp_path / "b.pt", declared=told
    )
    there, back = SiT(), SiT()
    there.load_state_dict(torch.load(tmp_path / "sit.pt", weights_only=True))
    back.load_state_dict(torch.load(tmp_path / "b.pt", weights_only=True))
    with torch.no_grad():
        t = torch.full((5,), 0.4)
        assert (there(noise, t, y) - back(noise, t, y)).abs().max() <= 2e-5
    with pytest.raises(ValueError, match="'sit' is a format of models trained as flow"):
        export_weights(
            tmp_path / "sit.pt", to="sit", declared=WeightsSpec(objective="ddpm", heads=4)
        )
    said = export_weights(tmp_path / "sit.pt", to="dit", out=tmp_path / "d.pt", declared=told)
    assert "not what DiT's code" in said


@pytest.mark.parametrize("null", [True, False])
def test_a_sit_in_diffusers_layout_is_what_it_is_alone(tmp_path, null):
    """As repositories of the hub have it: a pipeline's folder, with SiT's own names inside."""
    theirs = SiT(null=null)
    folder = tmp_path / "SiT" / "transformer"
    folder.mkdir(parents=True)
    save_file(theirs.state_dict(), folder / "diffusion_pytorch_model.safetensors")
    config = {"_class_name": "SiTTransformer2DModel", "num_heads": 4, "num_classes": 7}
    config["class_dropout_prob"] = 0.1 * null
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(theirs.state_dict(), tmp_path / "sit.pt")
    alone, _ = opened(tmp_path / "sit.pt", objective="sit", null="last" if null else "none")
    for path in (tmp_path / "SiT", folder, folder / "diffusion_pytorch_model.safetensors"):
        found = open_weights(path)
        assert (found.spec, found.diffusion) == (alone.spec, alone.diffusion)
        assert states_equal(found.state, alone.state)
        assert found.label_dropout == alone.label_dropout
    for option, value in (
        ("heads", 2),
        ("objective", "ddpm"),
        ("null", "none" if null else "last"),
    ):
        with pytest.raises(ValueError, match=rf"--{option} {value}: .*config\.json says"):
            open_weights(tmp_path / "SiT", WeightsSpec(**{option: value}))
    (folder / "config.json").write_text(json.dumps(config | {"num_heads": "four"}))
    with pytest.raises(ValueError, match="--heads four: Input should be a valid integer"):
        open_weights(tmp_path / "SiT")


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("t_embedder.mlp.0.weight", None),
        ("t_embedder.mlp.0.weight", (32, 3)),
        ("final_layer.linear.bias", None),
        ("final_layer.linear.bias", ()),
    ],
)
def test_a_sit_whose_entries_are_of_another_form_is_refused(tmp_path, name, shape):
    state = {**SiT().state_dict(), **({} if shape is None else {name: torch.zeros(shape)})}
    if shape is None:
        del state[name]
    torch.save(state, tmp_path / "sit.pt")
    with pytest.raises(ValueError, match=rf"do not fit .*{name}"):
        open_weights(tmp_path / "sit.pt", WeightsSpec(heads=4, objective="sit", null="last"))
