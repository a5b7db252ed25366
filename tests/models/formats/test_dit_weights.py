"""Does a state dict tell which DiT it belongs to, and ask for what it cannot tell?"""

import pytest
import torch

from scaling.models import build_model
from scaling.models.formats.export import load_model, open_checkpoint
from scaling.models.weights import inferred_spec
from scaling.study import ModelSpec
from scaling.study.specs.weights import WeightsSpec
from tests.models import golden
from tests.models.networks.test_dit import TINY, inputs, randomised
from tests.models.test_weights import refusal


@pytest.mark.parametrize(
    "shape",
    [
        dict(mlp_ratio=2.7),
        dict(conditioning="in-context"),
        dict(conditioning="adaln"),
        dict(conditioning="cross-attention"),
        dict(learn_sigma=False),
    ],
    ids=str,
)
def test_a_state_dict_tells_its_model(tmp_path, shape):
    spec = ModelSpec(**{**TINY, **shape})
    model = randomised(spec).eval()
    torch.save(model.state_dict(), tmp_path / "c.pt")
    again = load_model(tmp_path / "c.pt", heads=4)
    assert torch.equal(again(*inputs(spec)), model(*inputs(spec)))
    assert (again.spec.conditioning, again.spec.learn_sigma) == (
        spec.conditioning,
        spec.learn_sigma,
    )


def test_a_bare_state_dict_needs_its_heads(tmp_path):
    torch.save(golden.weights(), tmp_path / "c.pt")
    assert "say how many heads" in refusal(open_checkpoint, tmp_path / "c.pt")
    assert "heads 5 do not divide the width 48" in refusal(
        open_checkpoint, tmp_path / "c.pt", heads=5
    )


def test_the_papers_sizes_tell_their_heads():
    for name in ("DiT-S/8", "DiT-XL/2"):
        spec = ModelSpec.preset(name)
        assert inferred_spec(build_model(spec, device="meta").state_dict()) == spec


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("x_embedder.proj.weight", (48, 16)),  # patches by a linear map
        ("blocks.0.mlp.fc1.weight", ()),
        ("blocks.0.adaLN_modulation.1.weight", ()),
        ("x_embedder.proj.weight", (0, 4, 2, 2)),
        ("final_layer.linear.weight", (3,)),
        ("y_embedder.embedding_table.weight", None),
        ("pos_embed", (16, 48)),
    ],
)
def test_an_entry_of_another_form_is_named(name, shape):
    state = {**golden.weights(), **({} if shape is None else {name: torch.zeros(shape)})}
    if shape is None:
        del state[name]
    there = f"no {name}" if shape is None else f"{name} of {shape}"
    message = refusal(inferred_spec, state, WeightsSpec(heads=3, null="last"))
    assert f"the state dict has {there}, where a tensor" in message and "--network" in message
