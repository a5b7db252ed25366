"""Do an MM-DiT's layers change in cost as its parts say, and only there?"""

import pytest

from scaling.study import cost
from scaling.study.families.sd3_layers import layers
from tests.study.families.tiny import TINY

M = TINY["sd3"].replaced(depth=4)
T, S, W = M.tokens, M.text_tokens, M.width


def macs(m) -> int:
    return sum(layer.macs for layer in layers(m))


def test_they_are_what_the_network_costs():
    assert macs(M) == cost.forward_macs(M)
    assert sum(layer.params for layer in layers(M)) == cost.params(M)


def test_the_last_block_does_nothing_to_the_text_after_its_attention():
    """It saves the text's output projection and its MLP, and four of six modulations."""
    joint = 2 * W * (T + S) ** 2
    whole = joint + (T + S) * (3 + 1 + 8) * W * W + 2 * 6 * W * W
    last = whole - S * (1 + 8) * W * W - 4 * W * W
    conditions = 256 * W + W * W + M.pooled_width * W + W * W  # time and pooled text
    ends = T * W * M.patch**2 * (M.channels + M.out_channels) + S * M.text_width * W + 2 * W * W
    assert macs(M) == 3 * whole + last + conditions + ends


@pytest.mark.parametrize("dual", [1, 2, 4])
def test_a_second_attention_is_of_the_image_alone(dual):
    more = macs(M.replaced(dual_attention=dual)) - macs(M)
    assert more == dual * (2 * W * T**2 + T * 4 * W * W + 3 * W * W)


def test_norms_of_queries_and_keys_cost_parameters_and_no_products():
    normed = M.replaced(qk_norm=True)
    assert macs(normed) == macs(M)
    assert cost.params(normed) - cost.params(M) == 4 * 4 * M.head_width


def test_a_table_of_positions_is_stored_whole_and_not_trained():
    large = M.replaced(table_side=7)
    assert sum(layer.fixed for layer in layers(large)) == 49 * W
    assert cost.params(large) == cost.params(M) and macs(large) == macs(M)
