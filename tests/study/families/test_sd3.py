"""Do MM-DiTs cost what torch counts of SD3's, at each depth, and are their shapes checked?"""

import pytest
import torch
from pydantic import ValidationError
from torch.utils.flop_counter import FlopCounterMode

from scaling.models import build_model
from scaling.models.counting.count import checked_count, example_inputs, trainable_params
from scaling.study import cost
from scaling.study.costs.memory import training_memory
from scaling.study.families import MMDiT, named_network
from scaling.study.settings import with_settings
from scaling.training import Trainer
from tests.study.costs.test_memory import Step
from tests.study.families.tiny import TINY

torch.set_num_threads(1)

# torch's FlopCounterMode / 2 on diffusers' networks: millions of parameters, GMACs at 256 px
COUNTED = {
    15: (496.1, 72.4),
    18: (856.2, 123.7),
    21: (1359.0, 195.0),
    24: (2028.3, 289.4),
    30: (3962.4, 561.0),
    38: (8056.6, 1133.0),
}


@pytest.mark.parametrize("depth", COUNTED)
def test_each_depth_costs_what_torch_counts(depth):
    m = named_network(f"sd3-d{depth}")
    params_m, gmacs = COUNTED[depth]
    assert (m.width, m.heads, m.tokens, m.text_tokens) == (64 * depth, depth, 256, 154)
    assert cost.params_m(m) == pytest.approx(params_m, rel=2e-4)
    assert cost.forward_gmacs(m) == pytest.approx(gmacs, rel=1e-3)


# of SD3.5: trained parameters and those with the table of positions in millions, GMACs at 256 and
# 1024 px as torch counts them, and the printed billions of parameters
RELEASED = {
    "sd3.5-medium": (2243.2, 2469.7, 323.5, 5391, 2.5),
    "sd3.5-large": (8056.6, 8146.3, 1133.0, 14798, 8.1),
}


@pytest.mark.parametrize("name", RELEASED)
def test_sd35_costs_what_torch_counts_and_its_printed_size_has_the_positions(name):
    trained_m, stored_m, at_256, at_1024, printed = RELEASED[name]
    m = named_network(name)
    assert m.input_size == 128 and m.qk_norm and m.dual_attention == (13 if m.depth == 24 else 0)
    fixed = sum(layer.fixed for layer in m.layers())
    assert cost.params_m(m) == pytest.approx(trained_m, rel=1e-4)
    assert cost.params_m(m) + fixed / 1e6 == pytest.approx(stored_m, rel=1e-4)
    assert stored_m / 1e3 == pytest.approx(printed, abs=0.05)
    assert cost.forward_gmacs(named_network(name, 256)) == pytest.approx(at_256, rel=1e-3)
    assert cost.forward_gmacs(m) == pytest.approx(at_1024, rel=1e-3)


def test_the_released_weights_of_medium_are_the_stored_parameters():
    """Its diffusion_pytorch_model.safetensors is 4.94 GB, of two bytes each."""
    m = named_network("sd3.5-medium")
    stored = cost.params(m) + sum(layer.fixed for layer in m.layers())
    assert 2 * stored / 1e9 == pytest.approx(4.94, abs=0.005)


SD35 = {
    "qk-norm": TINY["sd3"].replaced(qk_norm=True),
    "dual in the first": TINY["sd3"].replaced(dual_attention=1, depth=3),
    "dual in all": TINY["sd3"].replaced(dual_attention=2, table_side=6),
    "both": TINY["sd3"].replaced(qk_norm=True, dual_attention=1),
}
every_sd35 = pytest.mark.parametrize("m", SD35.values(), ids=SD35)


@every_sd35
def test_what_sd35_adds_is_counted_kept_named_and_trained(m, tiny):
    assert checked_count(m).macs == cost.forward_macs(m)
    assert trainable_params(m) == cost.params(m)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        build_model(m, device="meta")(*example_inputs(m, device="meta"))
    assert counter.get_total_flops() / 2 == cost.forward_macs(m)
    assert training_memory(m, 16).activations == pytest.approx(Step(m, 16).saved_bytes(), rel=0.1)
    assert m.named_like(m.name) == m and m.name != TINY["sd3"].name
    assert len({m.model_id, TINY["sd3"].model_id}) == 2
    checked_count(m.debug_twin(channels=3, num_classes=5))
    trainer, lines = Trainer(with_settings(tiny, {"model": m}), []), []
    trainer.train_to(3, lines.append)
    assert lines and all(p.isfinite().all() for p in trainer.model.parameters())


def test_each_part_of_sd35_acts():
    m = SD35["both"]
    torch.manual_seed(0)
    model = build_model(m)
    with torch.no_grad():
        for p in model.parameters():
            torch.nn.init.normal_(p, std=0.2)
    x, t, y = torch.randn(2, 1, 8, 8), torch.tensor([3, 500]), torch.tensor([1, 2])
    model(x, t, y).square().sum().backward()
    still = {name for name, p in model.named_parameters() if not p.grad.any()}
    # the last block's text is attended to, and asks for nothing
    last = "transformer.transformer_blocks.1.attn."
    assert still == {
        last + name for name in ("add_q_proj.weight", "add_q_proj.bias", "norm_added_q.weight")
    }


def test_names_of_sd35_read_back_and_what_the_defaults_are_is_no_part_of_the_identity():
    usual = TINY["sd3"]
    assert usual.named_like("sd3.5-medium").name == "SD3-d24/2 qk-norm dual13"
    assert named_network("sd3.5-large").name == "SD3-d38/2 qk-norm [text]"
    assert SD35["both"].series == "patch 2, qk-norm, dual attention"
    assert SD35["both"].rung == "d2w16 dual1"
    assert not {"qk_norm", "dual_attention"} & usual.identity_fields().keys()
    with pytest.raises(ValueError, match="dual_attention 3 is more than the 2 blocks; set it to 0"):
        usual.replaced(dual_attention=3)


def test_resolution_costs_tokens():
    assert cost.forward_gmacs(named_network("sd3-d24", 1024)) == pytest.approx(4219, rel=1e-3)


def test_names_say_depth_patch_and_text_and_read_back():
    assert named_network("sd3-d24").name == "SD3-d24/2 [text]"
    assert TINY["sd3"].name == "SD3-d2w16/2" and TINY["sd3"].series == "patch 2"
    assert TINY["sd3"].named_like("SD3-d3w24/4") == TINY["sd3"].replaced(depth=3, patch=4)
    assert TINY["sd3"].named_like("sd3-d3").width == 3 * 64
    assert TINY["sd3"].named_like("DiT-S/2") is None
    with pytest.raises(ValidationError, match="depth"):
        TINY["sd3"].named_like("SD3-d0w64/2")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"patch": 3}, "patch 3 does not divide the input size 8"),
        ({"head_width": 3}, "depth 2 times 3 is a width of 6, not a multiple of 4"),
        ({"table_side": 1}, "a table_side of 1 positions is less than the image's 4; set it"),
    ],
)
def test_a_shape_that_cannot_be_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        TINY["sd3"].replaced(**fields)


def test_a_preset_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="unknown model 'sd3-dx'; presets of this family: sd3-d15"):
        MMDiT.preset("sd3-dx")
    with pytest.raises(ValueError, match="resolution 100 is not a positive multiple of 8"):
        MMDiT.preset("sd3-d15", 100)
