"""Does diffusers load what is exported of a family that wraps a network of its own?"""

import diffusers
import pytest
import torch
from safetensors.torch import load_file

from scaling.models import build_model
from scaling.models.formats.diffusers_networks import LABELS
from scaling.models.formats.export import export_weights
from scaling.models.stored.described import write_described
from scaling.study import DiffusionSpec
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
    table = next(iter(load_file(out / LABELS).values())) if family != "adm" else None
    rows = table[y] if table is not None else None
    torch.testing.assert_close(call(m, theirs, x, t, y, rows).sample, model(x, t, y))
    assert (out / LABELS).is_file() == (family != "adm")


def test_two_networks_in_one_are_no_class_of_diffusers(tmp_path):
    m, file = TINY["adm-u"], tmp_path / "m.safetensors"
    write_described(file, m, build_model(m).state_dict(), DiffusionSpec(), 0.1, None)
    with pytest.raises(ValueError, match="is not written as 'diffusers'; its formats: safetensors"):
        export_weights(file, to="diffusers", out=tmp_path / "out")
