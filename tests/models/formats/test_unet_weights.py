"""Do weights of ADM's and LDM's code compute here what they compute there, and is what cannot be
known of them asked or said?
"""

import pytest
import torch

from scaling.models import build_model
from scaling.models.stored.open_weights import open_weights
from scaling.models.weights import load_weights
from scaling.study.families import LatentUNet, PixelUNet
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.weights import WeightsSpec
from tests.models.foreign_unets import ForeignUNet
from tests.models.test_weights import refusal

SIDE = 16
ADM = {"rows": 7, "outputs": 6}
LDM = {"rows": 7, "outputs": 3, "context": 24, "heads": 4}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "unet.pt"


def told(**more) -> WeightsSpec:
    return WeightsSpec(input_size=SIDE, **more)


def of_ldm(network: ForeignUNet) -> dict:
    """As LDM's code saves a whole model: class's embedding, average and autoencoder beside it."""
    state = network.state_dict()
    labels = state.pop("label_emb.weight")
    whole = {f"model.diffusion_model.{name}": tensor for name, tensor in state.items()}
    whole["cond_stage_model.embedding.weight"] = labels
    whole["first_stage_model.encoder.conv_in.weight"] = torch.ones(2, 3, 3, 3)
    whole["betas"] = torch.linspace(0.0015**0.5, 0.0195**0.5, 1000) ** 2
    return {"state_dict": whole, "global_step": 3}


def answers(model, channels=3):
    torch.manual_seed(1)
    x, t, y = torch.randn(3, channels, SIDE, SIDE), torch.tensor([1, 500, 999]), torch.arange(3)
    with torch.no_grad():
        return model(x, t, y)


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"attends": (False, False, True), "blocks": 1},
        {"multipliers": (1, 2), "attends": (False, True), "blocks": 3},
        {"attends": (False, False, False), "outputs": 3},
    ],
)
def test_adms_weights_answer_as_in_its_code(file, shape):
    theirs = ForeignUNet(**ADM | shape)
    torch.save(theirs.state_dict(), file)
    opened = open_weights(file, told(objective=None if "outputs" not in shape else "epsilon"))
    spec = opened.spec
    assert isinstance(spec, PixelUNet) and spec.learn_sigma is ("outputs" not in shape)
    assert (spec.num_classes, opened.label_dropout) == (6, None)  # the last row is no class
    ours = load_weights(build_model(spec).eval(), opened.state)
    assert torch.allclose(answers(ours), answers(theirs), atol=2e-5, rtol=1e-4)
    assert any("heads of 64 channels, which no shape tells" in line for line in opened.said)


@pytest.mark.parametrize(
    "shape", [{}, {"attends": (False, True, True), "multipliers": (1, 2, 4), "blocks": 1}]
)
def test_ldms_weights_answer_as_in_its_code(file, shape):
    theirs = ForeignUNet(**LDM | shape)
    torch.save(of_ldm(theirs), file)
    opened = open_weights(file, told(heads=4, objective="epsilon"))
    spec = opened.spec
    assert isinstance(spec, LatentUNet)
    assert (spec.heads, spec.context_width, spec.num_classes) == (4, 24, 6)
    ours = load_weights(build_model(spec).eval(), opened.state)
    assert torch.allclose(answers(ours), answers(theirs), atol=2e-5, rtol=1e-4)
    said = " ".join(opened.said)
    assert "left out: 2 entries, first_stage_model.encoder.conv_in.weight, betas" in said
    assert opened.diffusion == DiffusionSpec(objective="epsilon", **LDM_BETAS)


LDM_BETAS = {"beta_schedule": "scaled_linear", "beta_start": 0.0015, "beta_end": 0.0195}


def test_ldms_betas_are_the_files_own_else_the_released_configurations(file):
    whole = of_ldm(ForeignUNet(**LDM))
    state = whole["state_dict"]

    def opened(**said):
        torch.save(whole, file)
        return open_weights(file, told(heads=4, **{"objective": None} | said))

    found = opened()
    assert found.diffusion == DiffusionSpec(objective="epsilon", **LDM_BETAS)
    said = "; ".join(found.said)
    assert "betas 0.0015 to 0.0195, scaled_linear, as the file says" in said
    assert "assumed that they predict noise alone" in said
    state["betas"] = torch.linspace(1e-4, 0.02, 500)
    assert opened().diffusion == DiffusionSpec(objective="epsilon", timesteps=500)
    assert opened(objective="flow").diffusion == DiffusionSpec(objective="flow")
    cosine = torch.linspace(0, torch.pi / 2, 101).cos().square()
    state["betas"] = (1 - cosine[1:] / cosine[:-1]).clamp(max=0.999)
    with pytest.raises(
        ValueError, match=r"100 betas .* none of linear, scaled_linear.*--leave-out"
    ):
        opened()
    for why in "told", "gone":
        found = opened(objective="epsilon", leave_out=("betas",) if why == "told" else ())
        assert found.diffusion == DiffusionSpec(objective="epsilon", **LDM_BETAS)
        assert "assumed: LDM's betas 0.0015 to 0.0195, scaled_linear" in found.said
        state.pop("betas", None)


def test_ldms_average_is_preferred_and_said(file):
    theirs, average = ForeignUNet(**LDM), ForeignUNet(**LDM)
    average.label_emb = theirs.label_emb
    whole = of_ldm(theirs)
    for name, tensor in average.state_dict().items():
        if name != "label_emb.weight":
            flat = f"model_ema.diffusion_model{name.replace('.', '')}"
            whole["state_dict"][flat] = tensor
    torch.save(whole, file)
    for option, network in (None, average), ("weights", theirs):
        opened = open_weights(file, told(heads=4, objective="epsilon", average=option))
        ours = load_weights(build_model(opened.spec).eval(), opened.state)
        assert torch.allclose(answers(ours), answers(network), atol=2e-5, rtol=1e-4)
        assert ("model_ema" in opened.said[0].partition("(")[0]) is (option is None)


def test_a_table_of_as_many_rows_as_a_data_set_has_no_null(file):
    theirs = ForeignUNet(**ADM | {"rows": 10})
    torch.save(theirs.state_dict(), file)
    opened = open_weights(file, told())
    assert (opened.spec.num_classes, opened.label_dropout) == (10, 0.0)
    ours = load_weights(build_model(opened.spec).eval(), opened.state)
    assert torch.allclose(answers(ours), answers(theirs), atol=2e-5, rtol=1e-4)
    assert open_weights(file, told(null="last")).spec.num_classes == 9


@pytest.mark.parametrize(
    ("preset", "family"), [("adm-64", PixelUNet), ("adm-256", PixelUNet), ("ldm-8", LatentUNet)]
)
def test_a_released_shape_is_known_by_its_names_and_shapes(preset, family):
    """On the meta device, as it is large."""
    spec = family.preset(preset)
    shape = {
        "width": spec.width,
        "multipliers": tuple(map(int, spec.multipliers)),
        "blocks": spec.blocks,
        "attends": tuple(side in spec.attention for side in spec.sides),
        "channels": spec.channels,
        "outputs": spec.out_channels,
    }
    more = {"rows": 1000} if family is PixelUNet else {"rows": 1001, "context": 512, "heads": 8}
    with torch.device("meta"):
        theirs = ForeignUNet(**shape, **more)
        state = theirs.state_dict()
    found = family.recognised(state, WeightsSpec())
    assert found == spec
    adopted = found.adopted(state, WeightsSpec())
    expected = build_model(spec, device="meta").state_dict()
    assert {k: v.shape for k, v in adopted.items()} == {k: v.shape for k, v in expected.items()}


def test_what_the_families_do_not_hold_is_refused_by_what_it_is(file):
    def refused(state: dict, said: WeightsSpec) -> str:
        torch.save(state, file)
        return refusal(open_weights, file, said)

    whole = ForeignUNet(**ADM).state_dict()
    assert "say the (latent) pixels per side, as --input-size 64" in refused(whole, WeightsSpec())
    assert "--heads 4: ADM-w32x1-2-2b2a8-4 of" in refused(whole, told(heads=4))
    first = ForeignUNet(**ADM | {"multipliers": (2, 2, 2)}).state_dict()
    assert "time is 32 sinusoids and its first level has 64 channels" in refused(first, told())
    bare = {name: tensor for name, tensor in whole.items() if name != "label_emb.weight"}
    assert "the U-Net reads no class; U-Nets here read classes" in refused(bare, told())
    assert "more.weight is no entry of a U-Net" in refused(
        whole | {"more.weight": torch.ones(2)}, told()
    )
    assert "no out.2.weight, which tells" in refused(
        {name: tensor for name, tensor in whole.items() if name != "out.2.weight"}, told()
    )
    upsampler = ForeignUNet(**ADM | {"channels": 6}).state_dict()
    assert "ADM-U's upsampler alone" in refused(upsampler, told())
    odd = ForeignUNet(**ADM | {"outputs": 4}).state_dict()
    assert "makes 4 channels of 3" in refused(odd, told())
    plain = ForeignUNet(**LDM).state_dict()
    assert "say how many heads, as --heads 8" in refused(plain, told())
    text = {name: tensor for name, tensor in plain.items() if name != "label_emb.weight"}
    assert "reads a text of 24 numbers a word" in refused(text, told(heads=4))
    attends = (False, False, True, True, True)
    shape = {"width": 256, "multipliers": (1, 1, 2, 3, 4), "attends": attends}
    with torch.device("meta"):
        wide = ForeignUNet(**shape, **ADM | {"rows": 1000}).state_dict()
    with pytest.raises(ValueError, match="adm-128, which was released with 4 heads at every size"):
        PixelUNet.recognised(wide, WeightsSpec())
