"""Are the Gflops the paper's, and does nothing pass uncounted? fvcore's count against Table 4 and
by hand.
"""

from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scaling.models import build_model
from scaling.models.counting.count import (
    Uncounted,
    checked_count,
    count,
    count_macs,
    example_inputs,
    trainable_params,
)
from scaling.models.counting.handles import pair_macs
from scaling.models.weights import entries_of
from scaling.study import ModelSpec, Network
from scaling.study.costs.published import published
from tests.models.published_counts import COUNTED_ONCE, table

torch.set_num_threads(1)
TINY = ModelSpec(input_size=8, channels=3, patch=2, width=24, depth=2, heads=3, num_classes=5)


@COUNTED_ONCE
def test_the_published_figures_are_met():
    rows, _ = table()
    for row, ours in zip(published(), rows, strict=True):
        assert (ours["model"], ours["resolution"], ours["conditioning"]) == row[:3]
        # 0.15 %, or half a unit of the table's last digit where that is larger (S/8: 0.36).
        assert ours["forward_gmacs"] == pytest.approx(row.gmacs, rel=1.5e-3, abs=0.005), row
        assert row.agrees(ours["forward_gmacs"]), row
        assert round(ours["params_m"]) == row.params_m, row


def test_attention_is_counted_where_fvcore_drops_it():
    class Attention(nn.Module):
        def forward(self, q, k, v):
            return F.scaled_dot_product_attention(q, k, v)

    q, k, v = (torch.empty(2, 3, n, 8, device="meta") for n in (5, 7, 7))
    assert count_macs(Attention(), (q, k, v)).macs == 2 * 3 * 2 * 5 * 7 * 8


def test_norms_count_zero():
    assert count_macs(nn.LayerNorm(8, device="meta"), (torch.empty(4, 8, device="meta"),)).macs == 0


def test_an_operation_that_would_go_uncounted_is_refused_by_name():
    class Hidden(nn.Module):
        def forward(self, a, b):
            return torch.linalg.solve(a, b)

    a = torch.empty(2, 4, 4, device="meta")
    with pytest.raises(Uncounted, match=r"aten::linalg_solve \(x1\)"):
        count_macs(Hidden(), (a, a))


def test_modules_add_up_to_the_whole():
    macs, by_module = count(TINY)
    tops = ("x_embedder", "t_embedder", "y_embedder", "blocks.0", "blocks.1", "final_layer")
    assert by_module[""] == macs == sum(by_module[name] for name in tops)
    assert by_module["x_embedder"] == 16 * 3 * 4 * 24


@pytest.mark.parametrize("conditioning", ["adaln-zero", "adaln", "cross-attention", "in-context"])
def test_the_meta_device_counts_what_real_tensors_do(conditioning):
    spec = TINY.model_copy(update={"conditioning": conditioning})
    assert count_macs(build_model(spec).eval(), example_inputs(spec)).macs == count(spec).macs


def test_a_batch_costs_its_images():
    one, three = (
        count_macs(build_model(TINY).eval(), example_inputs(TINY, n)).macs for n in (1, 3)
    )
    assert three == 3 * one


class Broadcast(nn.Module):
    def forward(self, a, b):
        return a @ b


@pytest.mark.parametrize(
    ("left", "right", "macs"),
    [
        ((3, 4), (2, 5, 4, 7), 2 * 5 * 3 * 4 * 7),
        ((2, 5, 3, 4), (4, 7), 2 * 5 * 3 * 4 * 7),
        ((2, 1, 3, 4), (1, 5, 4, 7), 2 * 5 * 3 * 4 * 7),
        ((4,), (5, 4, 7), 5 * 4 * 7),
        ((5, 3, 4), (4,), 5 * 3 * 4),
    ],
)
def test_broadcast_products_count_as_often_as_they_are_made(left, right, macs):
    shapes = (torch.empty(left, device="meta"), torch.empty(right, device="meta"))
    assert count_macs(Broadcast(), shapes).macs == macs


@pytest.mark.parametrize(
    ("form", "macs"), [("nhwpqc->nchpwq", 0), ("ijklmn,ijklmo->no", 2 * 3 * 2 * 5 * 7 * 4 * 4)]
)
def test_an_einsum_counts_its_products_and_one_that_only_moves_numbers_nothing(form, macs):
    class Summed(nn.Module):
        def forward(self, *tensors):
            return torch.einsum(form, *tensors)

    x = torch.empty(2, 3, 2, 5, 7, 4, device="meta")
    assert count_macs(Summed(), (x,) * (1 + form.count(","))).macs == macs


@pytest.mark.parametrize(
    ("form", "left", "right", "macs"),
    [
        ("bhid,bhjd->bhij", (2, 3, 4, 6), (2, 3, 5, 6), 2 * 3 * 4 * 6 * 5),
        ("...ij,...jk->...ik", (2, 1, 4, 6), (3, 6, 5), 2 * 3 * 4 * 6 * 5),
        ("td,bhds->bhts", (4, 6), (2, 3, 6, 5), 2 * 3 * 4 * 6 * 5),
        ("bi,bj->bij", (2, 3), (2, 4), 2 * 3 * 4),
        ("bnc,bc", (2, 3, 4), (2, 4), 2 * 3 * 4),
        ("ij,jk", (3, 4), (4, 5), 3 * 4 * 5),
        ("ij,kj->ik", (3, 4), (5, 4), 3 * 4 * 5),
        ("ij,k->k", (3, 4), (5,), 5),  # i and j are summed first
    ],
)
def test_an_einsum_of_two_counts_each_product_of_numbers(form, left, right, macs):
    assert pair_macs(form, left, right) == macs


@pytest.mark.parametrize(
    ("call", "shapes", "macs"),
    [
        (F.scaled_dot_product_attention, [(1, 4, 3, 8), *(2 * [(2, 4, 5, 8)])], 2 * 4 * 3 * 5 * 16),
        (torch.baddbmm, [(2, 3, 5), (2, 3, 4), (2, 4, 5)], 2 * 3 * 4 * 5),
        (torch.addmv, [(3,), (3, 4), (4,)], 3 * 4),
        (torch.inner, [(3, 4), (5, 4)], 3 * 4 * 5),
        (F.glu, [(2, 4)], 0),
    ],
)
def test_products_under_other_names_count(call, shapes, macs):
    class Called(nn.Module):
        def forward(self, *tensors):
            return call(*tensors)

    tensors = tuple(torch.empty(shape, device="meta") for shape in shapes)
    assert count_macs(Called(), tensors).macs == macs


class Valued(nn.Module):
    """Code that no meta tensor passes, where it is ``built`` or where it is called."""

    def __init__(self, m):
        super().__init__()
        self.conv = nn.Conv2d(m.channels, m.out_channels, 3, padding=1)
        self.scale = torch.linspace(1, 2, 3)[1].item() if m.built else 1.5

    def forward(self, x, t, y):
        with torch.autocast(x.device.type, enabled=False):  # as rotary positions of Llama do
            return self.conv(x) * self.scale


class OfValues(Network):
    family: Literal["tests-of-values"] = "tests-of-values"
    built: bool = True

    def build(self):
        return Valued(self)


@pytest.mark.parametrize("built", [True, False])
def test_a_network_that_meta_tensors_do_not_pass_is_counted_with_its_weights(built, tmp_path):
    m = OfValues(input_size=8, channels=1, num_classes=10, built=built)
    state = torch.get_rng_state()
    assert checked_count(m).macs == 8 * 8 * 9 * m.out_channels
    assert trainable_params(m) == m.out_channels * (9 + 1)
    assert entries_of(m).shapes == {"conv.weight": (2, 1, 3, 3), "conv.bias": (2,)}
    assert torch.equal(torch.get_rng_state(), state)


def test_what_is_wrong_with_a_network_everywhere_is_told_as_it_is_on_the_cpu(monkeypatch):
    monkeypatch.setattr(Valued, "forward", lambda self, x, t, y: self.conv(x[:, :0]))
    m = OfValues(input_size=8, channels=1, num_classes=10)
    with pytest.raises(ValueError, match=r"cannot be built and called: RuntimeError: .*channels"):
        checked_count(m)
