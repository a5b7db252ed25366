"""Does diffusers compute the same with our weights, and do weights come back from it unchanged?"""

import pytest
import torch

from scaling.models.formats.diffusers import (
    WEIGHTS,
    from_diffusers,
    load_transformer,
    write_diffusers,
)
from scaling.models.formats.export import export_weights, load_model, open_checkpoint
from scaling.models.stored.described import write_described
from scaling.models.stored.open_weights import open_weights
from scaling.study import DiffusionSpec, ModelSpec
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.networks.test_dit import TINY, inputs, randomised

torch.set_num_threads(1)


def test_an_exported_folder_gives_the_same_output_in_diffusers(exported):
    a = golden.arrays()
    ours, theirs = golden.model(), load_transformer(exported / "diffusers").eval()
    with torch.no_grad():
        for t, y in ((a["t"], a["y"]), (torch.tensor([0, 7, 500, 999]), a["y"].flip(0))):
            assert (theirs(a["x"], t, y).sample - ours(a["x"], t, y)).abs().max() <= 1e-4
        assert (theirs(a["x"], a["t"], a["y"]).sample - a["out"]).abs().max() <= 1e-4


def test_diffusers_finds_every_weight_and_differs_by_its_timestep_frequencies_alone(exported):
    from diffusers import DiTTransformer2DModel

    stock, info = DiTTransformer2DModel.from_pretrained(
        exported / "diffusers", output_loading_info=True
    )
    assert not info["missing_keys"] and not info["unexpected_keys"] and not info["mismatched_keys"]
    a, zero, ours = golden.arrays(), torch.zeros(4, dtype=torch.long), golden.model()
    # at t = 0 every frequency gives the same angle; elsewhere these weights make little of it
    with torch.no_grad():
        assert (
            stock.eval()(a["x"], zero, a["y"]).sample - ours(a["x"], zero, a["y"])
        ).abs().max() <= 1e-6
        assert (
            stock(a["x"], a["t"], a["y"]).sample - ours(a["x"], a["t"], a["y"])
        ).abs().max() <= 1e-4
    # once 0, load_transformer can go
    assert stock.transformer_blocks[0].norm1.emb.time_proj.downscale_freq_shift == 1


def test_a_model_goes_to_diffusers_and_back(exported, tmp_path):
    spec, state = open_checkpoint(exported / "diffusers")
    assert spec == golden.SPEC
    assert states_equal(state, golden.weights())
    export_weights(exported / "diffusers", to="dit", out=tmp_path / "back.pt")
    assert states_equal(torch.load(tmp_path / "back.pt", weights_only=True), golden.weights())


def test_a_flow_goes_to_diffusers_and_back_with_the_times_that_it_was_told(tmp_path):
    spec, flow = golden.SPEC.replaced(learn_sigma=False), tmp_path / "flow.safetensors"
    process = DiffusionSpec(objective="flow", time_scale=1000)
    write_described(flow, spec, randomised(spec).state_dict(), process, 0.1, None)
    export_weights(flow, to="diffusers", out=tmp_path / "d")
    before, again = open_weights(flow), open_weights(tmp_path / "d")
    assert (again.spec, again.diffusion, again.label_dropout) == (spec, process, 0.1)
    assert states_equal(before.state, again.state)
    (tmp_path / "d" / WEIGHTS).unlink()
    with pytest.raises(ValueError, match=r"diffusers weights have no pos_embed\.proj\.weight"):
        open_weights(tmp_path / "d")


def test_a_model_of_diffusers_own_comes_in(tmp_path):
    from diffusers import DiTTransformer2DModel

    theirs = DiTTransformer2DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=3,
        num_layers=1,
        sample_size=4,
        patch_size=2,
        num_embeds_ada_norm=5,
        out_channels=3,
        norm_eps=1e-6,
    )
    theirs.save_pretrained(tmp_path / "pipeline" / "transformer")
    ours = load_model(tmp_path / "pipeline")
    assert not ours.spec.learn_sigma
    x, t, y = inputs(ours.spec)
    with torch.no_grad():
        expected = load_transformer(tmp_path / "pipeline" / "transformer").eval()(x, t, y).sample
        assert (ours(x, t, y) - expected).abs().max() <= 1e-4


def test_a_network_that_is_read_in_its_pipeline_alone_is_refused_with_what_is_read(tmp_path):
    says = (
        "describes a UNet2DModel, and alone only a DiTTransformer2DModel is read; give the folder"
    )
    with pytest.raises(ValueError, match=says):
        from_diffusers({"_class_name": "UNet2DModel"}, {})


def test_positions_may_move_in_a_checkpoint_but_not_into_diffusers(tmp_path):
    state = golden.weights()
    state["pos_embed"] = state["pos_embed"] + 0.1
    with pytest.raises(ValueError, match="pos_embed is not the fixed sine-cosine table"):
        write_diffusers(tmp_path / "d", golden.SPEC, state)


@pytest.mark.parametrize(
    "shape, message",
    [
        (dict(conditioning="in-context"), "diffusers has only adaln-zero"),
        (dict(mlp_ratio=2.0), "diffusers' MLP is 4 times the width"),
    ],
)
def test_what_diffusers_has_no_class_for_is_refused(tmp_path, shape, message):
    torch.save(randomised(ModelSpec(**{**TINY, **shape})).state_dict(), tmp_path / "c.pt")
    with pytest.raises(ValueError, match=message):
        export_weights(tmp_path / "c.pt", to="diffusers", out=tmp_path / "d", heads=4)
    assert not list(tmp_path.glob("*d*/"))
