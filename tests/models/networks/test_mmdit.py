"""Does the MM-DiT begin at zero, hear its condition, and keep the fixed positions that are told?"""

import torch

from scaling.models import build_model
from scaling.models.networks.mmdit import position_table
from tests.study.families.tiny import TINY

M = TINY["sd3"]
X, T = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([3, 500])


def test_it_begins_as_the_zero_function():
    with torch.no_grad():
        out = build_model(M)(X, T, torch.tensor([0, 10]))
    assert out.shape == (2, M.out_channels, 8, 8) and not out.any()


def test_class_and_time_change_what_it_answers():
    torch.manual_seed(0)
    model = build_model(M).eval()
    with torch.no_grad():
        for p in model.parameters():
            torch.nn.init.normal_(p, std=0.1)
        first = model(X, T, torch.tensor([0, 1]))
        other_class = model(X, T, torch.tensor([0, 2]))
        other_time = model(X, torch.tensor([3, 900]), torch.tensor([0, 1]))
    for other in (other_class, other_time):  # of the second image alone
        assert torch.allclose(other[0], first[0], atol=1e-5)
        assert (other[1] - first[1]).abs().max() > 1e-3


def test_the_positions_are_those_of_its_network_and_not_trained():
    m = M.replaced(table_side=8)
    model = build_model(m)
    (table,) = (b for name, b in model.named_buffers() if name.endswith("pos_embed"))
    assert table.shape == (1, 64, m.width) and torch.equal(position_table(m), table)
    assert not [
        name for name, _ in model.named_parameters() if name.endswith("pos_embed.pos_embed")
    ]
