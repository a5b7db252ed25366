"""Is a label looked up as the sequence and the vector of its row, and do linears begin as DiT's?"""

import torch
from torch import nn

from scaling.models.networks.conditions import LearnedCondition, initialise
from tests.study.families.tiny import TINY


def test_a_learned_row_is_its_tokens_in_order_and_then_the_pooled_numbers():
    m = TINY["sd3"]  # 3 tokens of 24 numbers, 10 classes and none
    condition = LearnedCondition(m, pooled=12)
    assert condition.table.weight.shape == (11, 3 * 24 + 12)
    with torch.no_grad():
        condition.table.weight.copy_(torch.arange(11 * 84.0).view(11, 84))
    told = condition(torch.tensor([0, 10]))
    assert told.mask is None and told.sequence.shape == (2, 3, 24) and told.pooled.shape == (2, 12)
    assert told.sequence[1, 2, 0] == 10 * 84 + 2 * 24
    assert told.pooled[1].tolist() == list(range(10 * 84 + 72, 11 * 84))


def test_without_pooled_numbers_the_whole_row_is_the_sequence():
    told = LearnedCondition(TINY["pixart"])(torch.tensor([3, 10]))
    assert told.pooled is None and told.sequence.shape == (2, 3, 24)
    assert not torch.equal(told.sequence[0], told.sequence[1])


def test_linears_begin_within_xaviers_bound_and_those_named_at_zero():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(30, 24), nn.LayerNorm(24), nn.Linear(24, 6, bias=False))
    last = nn.Linear(6, 2)
    network.append(last)
    initialise(network, [last])
    bound = (6 / (30 + 24)) ** 0.5
    first = network[0].weight
    assert bound * 0.9 < first.abs().max() <= bound and not network[0].bias.any()
    assert not last.weight.any() and not last.bias.any() and network[2].weight.any()
    assert network[1].weight.eq(1).all()  # a norm stays as it is
