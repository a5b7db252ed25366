"""Does diffusers load what is exported of a family that wraps a network of its own?"""

from dataclasses import replace

import diffusers
import pytest
import torch
from safetensors.torch import load_file

from scaling.evaluation.sampling.load import load_checkpoint
from scaling.models import build_model
from scaling.models.formats.diffusers_networks import LABELS, WEIGHTS
from scaling.models.formats.export import export_weights
from scaling.models.stored.described import BESIDE, write_described
from scaling.models.stored.open_weights import is_weights, open_weights
from scaling.study import DiffusionSpec
from scaling.study.specs.weights import WeightsSpec
from tests.models.formats.test_export import states_equal
from tests.models.test_weights import refusal
from tests.study.families.tiny import TINY


def _sequence(m, row):
    return row[:, : m.text_tokens * m.text_width].unflatten(1, (m.text_tokens, m.text_width))


# family -> diffusers' class, and how it is called at x, t, labels y, with the table of labels
CALLS = {
    "ldm": (
        "UNet2DConditionModel",
        lambda m, net, x, t, y, rows: net(x, t, encoder_hidden_states=rows[:, None]),
    ),
    "adm": ("UNet2DModel", lambda m, net, x, t, y, rows: net(x, t, class_labels=y)),
    "ddpm": ("UNet2DModel", lambda m, net, x, t, y, rows: net(x, t, class_labels=y)),
    "sd3": (
        "SD3Transformer2DModel",
        lambda m, net, x, t, y, rows: net(
            x, _sequence(m, rows), rows[:, -m.pooled_width :], timestep=t
        ),
    ),
    "pixart": (
        "PixArtTransformer2DModel",
        lambda m, net, x, t, y, rows: net(x, encoder_hidden_states=_sequence(m, rows), timestep=t),
    ),
}


SD35 = {"qk_norm": True, "dual_attention": 1}  # whose weights are SD3's and more


@pytest.mark.parametrize("family", CALLS)
@torch.no_grad()
def test_it_answers_there_as_here(tmp_path, family):
    kind, call = CALLS[family]
    m, flow = TINY[family], family == "sd3"
    m = m.replaced(learn_sigma=False, **({"table_side": 6, **SD35} if flow else {}))
    torch.manual_seed(0)
    model = build_model(m).eval()
    for parameter in model.parameters():  # outputs begin at zero
        parameter.add_(0.05 * torch.randn_like(parameter))
    process = DiffusionSpec(objective="flow", time_scale=1000) if flow else None
    file, out = tmp_path / "m.safetensors", tmp_path / "out"
    write_described(
        file, m, model.state_dict(), process or DiffusionSpec(objective="epsilon"), 0.1, None
    )
    said = export_weights(file, to="diffusers", out=out)
    assert ("tell the network 1000 t" in said) == flow and "SiT" not in said
    theirs = getattr(diffusers, kind).from_pretrained(out, low_cpu_mem_usage=False).eval()
    x, t, y = torch.randn(3, 1, 8, 8), torch.tensor([1.0, 400.0, 999.0]), torch.tensor([0, 4, 10])
    table = next(iter(load_file(out / LABELS).values())) if (out / LABELS).is_file() else None
    rows = table[y] if table is not None else None
    torch.testing.assert_close(call(m, theirs, x, t, y, rows).sample, model(x, t, y))
    assert (out / LABELS).is_file() == (kind != "UNet2DModel")
    before, again = open_weights(file), open_weights(out)  # which reads the folder, too
    assert states_equal(before.state, again.state)
    assert replace(before, state={}, said=(), place=None) == replace(
        again, state={}, said=(), place=None
    )
    assert again.said == (f"weights: {out}, which says what they are",)


@pytest.fixture
def folder(tmp_path):
    m, file = TINY["ldm"], tmp_path / "m.safetensors"
    write_described(file, m, build_model(m).state_dict(), DiffusionSpec(), 0.1, None)
    export_weights(file, to="diffusers", out=tmp_path / "out")
    return tmp_path / "out"


def test_an_exported_folder_is_sampled_and_written_again(folder, tmp_path):
    assert load_checkpoint(folder).diffusion == DiffusionSpec()
    assert is_weights(folder)
    export_weights(folder, to="safetensors", out=tmp_path / "again.safetensors")
    assert states_equal(
        load_file(tmp_path / "again.safetensors"), load_file(tmp_path / "m.safetensors")
    )
    said = refusal(open_weights, folder, WeightsSpec(objective="flow"))
    assert "--objective flow" in said and "says of itself ddpm" in said


def test_what_an_exported_folder_lacks_is_named(folder):
    (folder / BESIDE).write_text("{}")
    assert "dit-scaling.json: model is missing" in refusal(open_weights, folder)
    (folder / BESIDE).unlink()
    for path in (folder, folder / WEIGHTS):
        said = refusal(open_weights, path)
        assert "a UNet2DConditionModel, and alone only a DiTTransformer2DModel is read" in said
        assert (
            "--to safetensors writes, or the whole folder of --to diffusers with its dit-" in said
        )


def test_tensors_that_an_exported_folder_lacks_are_named(folder):
    (folder / LABELS).unlink()
    assert "1 missing: label.weight" in refusal(open_weights, folder)
    (folder / WEIGHTS).write_bytes(b"x")
    assert f"{folder / WEIGHTS} is truncated or damaged" in refusal(open_weights, folder)


def test_two_networks_in_one_are_no_class_of_diffusers(tmp_path):
    m, file = TINY["adm-u"], tmp_path / "m.safetensors"
    write_described(file, m, build_model(m).state_dict(), DiffusionSpec(), 0.1, None)
    with pytest.raises(ValueError, match="is not written as 'diffusers'; its formats: safetensors"):
        export_weights(file, to="diffusers", out=tmp_path / "out")
