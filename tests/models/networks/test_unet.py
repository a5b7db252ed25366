"""Do U-Nets begin as in the reference code, and is the upsampler given its base's answer?"""

import pytest
import torch

from scaling.models import build_model
from tests.study.families.tiny import TINY

UNETS = {name: m for name, m in TINY.items() if name in ("ldm", "adm", "adm-u")}
each = pytest.mark.parametrize("m", UNETS.values(), ids=UNETS)


@each
def test_the_answer_begins_at_zero(m):
    x, t, y = torch.randn(2, *m.input_shape), torch.tensor([1, 900]), torch.tensor([0, 10])
    assert build_model(m)(x, t, y).abs().max() == 0


@each
def test_every_residual_branch_begins_at_zero(m):
    torch.manual_seed(0)
    state = build_model(m).state_dict()
    zero = {name for name, tensor in state.items() if name.endswith("weight") and not tensor.any()}
    branches = {n for n in state if n.endswith("conv2.weight") or n.endswith("proj_out.weight")}
    assert branches < zero
    if m.family == "ldm":  # within a transformer block nothing is zero but its last map
        assert not any("transformer_blocks" in name for name in zero)
    else:
        assert any(name.endswith("to_out.0.weight") for name in zero)


def test_the_upsampler_is_given_the_answer_of_its_base():
    """A change of the base's output alone changes what the whole answers."""
    torch.manual_seed(0)
    m = UNETS["adm-u"]
    model = build_model(m)
    torch.nn.init.normal_(model.upsampler.unet.conv_out.weight)
    x, t, y = torch.randn(2, 1, 8, 8), torch.tensor([1, 900]), torch.tensor([0, 3])
    with torch.no_grad():
        before = model(x, t, y)
        model.base.unet.conv_out.bias += 1
        assert (model(x, t, y) - before).abs().max() > 1e-3
