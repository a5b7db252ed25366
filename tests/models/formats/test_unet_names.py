"""Are entries of ADM's and LDM's code renamed one for one, and what is none of those refused?"""

import pytest
import torch

from scaling.models.formats.unet_names import ldm_entries, levels_of, renamed, with_null
from tests.models.foreign_unets import ForeignUNet


def state(**shape) -> dict:
    with torch.device("meta"):
        return ForeignUNet(**shape).state_dict()


@pytest.mark.parametrize(
    "shape",
    [
        {"multipliers": (1, 2, 2), "blocks": 2},
        {"multipliers": (1, 2), "attends": (False, False), "blocks": 3},
        {"multipliers": (1, 2, 2), "context": 24, "blocks": 1},
    ],
)
def test_levels_and_blocks_are_told_by_the_names_alone(shape):
    assert levels_of(state(**shape)) == (len(shape["multipliers"]), shape["blocks"])


def test_input_blocks_that_are_no_equal_levels_are_refused_with_their_number():
    names = dict.fromkeys(f"input_blocks.{i}.0.weight" for i in range(7))
    names["output_blocks.1.1.conv.weight"] = None
    with pytest.raises(ValueError, match=r"^7 input_blocks are no 2 levels of as many residual bl"):
        levels_of(names)


def test_queries_keys_and_values_are_parted_head_by_head():
    """Of heads of 32 channels theirs are q, k, v of the first, then of the second, and so on."""
    whole = ForeignUNet().state_dict()
    theirs = "middle_block.1.qkv"
    rows = torch.arange(float(whole[f"{theirs}.bias"].numel()))
    heads = len(rows) // (3 * 32)
    whole[f"{theirs}.bias"] = rows
    ours = renamed(whole, 32)
    for i, part in enumerate(("to_q", "to_k", "to_v")):
        expected = [h * 96 + i * 32 + c for h in range(heads) for c in range(32)]
        assert ours[f"mid_block.attentions.0.{part}.bias"].tolist() == expected
    assert not [name for name in ours if "qkv" in name or "label_emb" in name]
    with pytest.raises(ValueError, match=r"^odd\.weight is no entry of a U-Net of ADM's or LDM's"):
        renamed(whole | {"odd.weight": torch.ones(1)}, 32)


def test_an_average_of_ldms_counts_where_it_is_whole():
    network = {"input_blocks.0.0.weight": torch.ones(1), "out.2.bias": torch.ones(1)}
    saved = {f"model.diffusion_model.{name}": tensor for name, tensor in network.items()}
    labels = {"cond_stage_model.embedding.weight": torch.zeros(2)}
    flat = {
        f"model_ema.diffusion_model{name.replace('.', '')}": 2 * t for name, t in network.items()
    }
    found = ldm_entries(saved | labels | flat)
    for prefix, value in (("model", 1.0), ("model_ema", 2.0)):
        assert found[f"{prefix}.diffusion_model.out.2.bias"].item() == value
        assert found[f"{prefix}.diffusion_model.label_emb.weight"].shape == (2,)
    flat.popitem()
    assert not [n for n in ldm_entries(saved | labels | flat) if n.startswith("model_ema")]
    assert ldm_entries(network) == network  # of ADM's code


def test_a_class_that_lacks_is_no_class_at_zero():
    labels = torch.ones(3, 2)
    assert with_null(labels, 3) is labels
    assert with_null(labels, 4).tolist() == [[1, 1]] * 3 + [[0, 0]]
