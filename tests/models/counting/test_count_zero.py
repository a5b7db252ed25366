"""Does work that multiplies no matrices count as zero, named or not?"""

import pytest
import torch
from torch import nn

from scaling.models.counting.count import count_macs
from scaling.models.counting.count_zero import ZERO, multiplies_nothing


def test_elementwise_work_counts_zero_though_nobody_named_it():
    layers = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Mish(), nn.Softplus(), nn.LeakyReLU())
    assert count_macs(layers.to("meta"), (torch.empty(1, 4, device="meta"),)).macs == 16


@pytest.mark.parametrize(
    ("operation", "nothing"),
    [
        ("aten::relu", True),
        ("aten::amax", True),
        ("aten::acosh", True),
        ("aten::select", True),
        ("aten::baddbmm", False),
        ("aten::none_such", False),
    ],
)
def test_torch_itself_or_zero_says_what_multiplies_nothing(operation, nothing):
    assert multiplies_nothing(operation) == nothing


def test_a_torch_without_a_tag_for_reductions_still_knows_views(monkeypatch):
    """As torch 2.9, the oldest that is allowed."""
    monkeypatch.delattr(torch.Tag, "reduction", raising=False)
    assert multiplies_nothing("aten::select") and multiplies_nothing("aten::relu")
    assert multiplies_nothing("aten::amax")
    assert not multiplies_nothing("aten::baddbmm")


def test_reductions_and_in_place_activations_count_zero_on_any_torch():
    class Reduced(nn.Module):
        def forward(self, x):
            x = nn.functional.leaky_relu_(nn.functional.elu_(x))
            return x.amax(1) - x.argmin(1) + x.std(1) - x.logsumexp(1) + x.prod(1)

    assert count_macs(Reduced(), (torch.empty(2, 4, device="meta"),)).macs == 0
    assert {"aten::amax", "aten::elu_", "aten::leaky_relu_"} < set(ZERO)  # 2.9 does not tell


def test_no_product_is_named_as_zero():
    assert not {"aten::mm", "aten::bmm", "aten::einsum", "aten::linear"} & set(ZERO)
