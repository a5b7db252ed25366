"""Is our DiT the published one? Golden outputs, checkpoint names, initialisation and the four
conditionings.
"""

import pytest
import torch

from scaling.models import build_model
from scaling.study import ModelSpec
from tests.models import golden

torch.set_num_threads(1)
TINY = dict(input_size=8, channels=1, patch=2, width=32, depth=2, heads=4, num_classes=10)
CONDITIONINGS = ["adaln-zero", "adaln", "cross-attention", "in-context"]


def inputs(spec: ModelSpec, batch: int = 3):
    g = torch.Generator().manual_seed(0)
    x = torch.randn(batch, *spec.input_shape, generator=g)
    t = torch.randint(1000, (batch,), generator=g)
    y = torch.randint(spec.num_classes + 1, (batch,), generator=g)
    return x, t, y


def randomised(spec: ModelSpec, **options):
    """A model none of whose parameters is zero, so that every part shows in the output."""
    torch.manual_seed(0)
    model = build_model(spec, **options)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(torch.randn_like(p), alpha=0.1)
    return model


def test_forward_pass_is_the_reference_implementations():
    a = golden.arrays()
    with torch.no_grad():
        out = golden.model()(a["x"], a["t"], a["y"])
    assert (out - a["out"]).abs().max() <= 1e-5


def test_state_dict_has_the_published_names_and_shapes():
    rows = (golden.FOLDER / "dit_xl2_state_dict.tsv").read_text().split("\n")
    published = dict(row.split("\t") for row in rows if row)
    ours = build_model(ModelSpec.preset("DiT-XL/2"), device="meta").state_dict()
    assert {name: "x".join(map(str, tensor.shape)) for name, tensor in ours.items()} == published


def test_positions_are_fixed():
    model = build_model(ModelSpec(**TINY))
    assert "pos_embed" not in dict(model.named_parameters())
    assert "pos_embed" in model.state_dict()


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_a_new_model_predicts_zero(conditioning):
    spec = ModelSpec(**TINY, conditioning=conditioning)
    x, t, y = inputs(spec)
    out = build_model(spec)(x, t, y)
    assert out.shape == (3, 2, 8, 8)
    assert torch.count_nonzero(out) == 0


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_timestep_and_label_reach_the_output_and_every_weight_its_gradient(conditioning):
    spec = ModelSpec(**TINY, conditioning=conditioning)
    model = randomised(spec)
    x, t, y = inputs(spec)
    out = model(x, t, y)
    assert not torch.allclose(out, model(x, (t + 300) % 1000, y), atol=1e-4)
    assert not torch.allclose(out, model(x, t, (y + 1) % 11), atol=1e-4)
    out.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_images_of_a_batch_do_not_see_each_other(conditioning):
    spec = ModelSpec(**TINY, conditioning=conditioning)
    model = randomised(spec).eval()
    x, t, y = inputs(spec)
    torch.testing.assert_close(
        model(x, t, y)[1:2], model(x[1:2], t[1:2], y[1:2]), atol=1e-5, rtol=1e-5
    )


def test_integer_and_float_timesteps_agree_and_fractions_lie_between():
    spec = ModelSpec(**TINY)
    model = randomised(spec).eval()
    x, _, y = inputs(spec)
    at = lambda t: model(x, torch.full((3,), t), y)  # noqa: E731
    assert torch.equal(at(7), at(7.0))
    assert (at(7.001) - at(7)).abs().max() < (at(8) - at(7)).abs().max()


@pytest.mark.parametrize(
    "shape",
    [dict(patch=8), dict(patch=1, channels=3, learn_sigma=False), dict(mlp_ratio=2.5)],
    ids=str,
)
def test_any_shape_is_a_model(shape):
    spec = ModelSpec(**{**TINY, **shape})
    assert randomised(spec)(*inputs(spec)).shape == (3, spec.out_channels, 8, 8)


@pytest.mark.parametrize("conditioning", CONDITIONINGS)
def test_activation_checkpointing_changes_no_gradient(conditioning):
    spec = ModelSpec(**TINY, conditioning=conditioning)
    gradients = []
    for option in (False, True):
        model = randomised(spec, activation_checkpointing=option)
        model(*inputs(spec)).square().sum().backward()
        gradients.append([p.grad for p in model.parameters()])
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-6)
