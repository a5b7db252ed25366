"""Does DDPM's U-Net cost what was published, in both conventions, with classes and without?"""

import pytest
import torch
from diffusers import UNet2DModel

from scaling.models import build_model
from scaling.models.counting.count import checked_count, trainable_params
from scaling.study import cost
from scaling.study.costs.memory import training_memory
from scaling.study.families import AddedUNet, named_network
from tests.study.costs.test_memory import Step
from tests.study.families.tiny import TINY

torch.set_num_threads(1)
BASE = TINY["ddpm"]
KINDS = {
    "of classes": BASE,
    "unconditional": BASE.replaced(num_classes=1),
    "one head": BASE.replaced(head_channels=None),
    "latent diffusion's": BASE.replaced(convention="ldm", num_classes=1, learn_sigma=False),
}
# millions of parameters, arXiv 2006.11239, appendix B
PUBLISHED = {"ddpm-32": 35.7, "ddpm-256": 114}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_papers_models_have_their_parameters(name):
    m = named_network(name)
    assert cost.params_m(m) == pytest.approx(PUBLISHED[name], rel=0.005)
    assert (m.num_classes, m.channels, m.name) == (1, 3, name.upper())
    assert checked_count(m).macs == cost.forward_macs(m)
    with pytest.raises(
        ValueError, match=f"{name} is made for {m.input_size} pixels a side, not 64"
    ):
        named_network(name, 64)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted_kept_named_and_read_back_from_diffusers(kind, tmp_path):
    m = KINDS[kind]
    assert checked_count(m).macs == cost.forward_macs(m)
    assert trainable_params(m) == cost.params(m)
    assert training_memory(m, 16).activations == pytest.approx(Step(m, 16).saved_bytes(), rel=0.1)
    assert m.named_like(m.name) == m and m.debug_twin(3, 5).channels == 3
    network = build_model(m)
    assert type(network.unet) is UNet2DModel
    if m.num_classes == 1:
        assert AddedUNet.of_config(dict(network.unet.config), tmp_path) == m
    x, t, y = torch.randn(2, 1, 8, 8), torch.tensor([3, 500]), torch.tensor([0, m.num_classes])
    with torch.no_grad():
        for p in network.parameters():
            torch.nn.init.normal_(p, std=0.2)
        same = torch.equal(network(x, t, y), network(x, t, y.flip(0)))
    assert same == (m.num_classes == 1)


def test_conventions_differ_in_numbers_and_identity_and_heads_are_checked():
    a, b = KINDS["unconditional"], KINDS["unconditional"].replaced(convention="ldm")
    assert a.model_id != b.model_id and b.name == f"{a.name} ldm" and b.slug != a.slug
    assert a.condition == "none" and BASE.condition == "classes"
    with pytest.raises(ValueError, match="heads of 3 channels do not divide the 16 channels"):
        BASE.replaced(head_channels=3)
