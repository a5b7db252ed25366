"""Do operations of other names count as by hand, and is what has no count refused by its name?"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scaling.models.counting.count import Uncounted, count_macs
from scaling.models.counting.handles import lost_axes

PLACES = torch.zeros(2, 3, dtype=int, device="meta")


def experts(x, w):
    ends = torch.tensor([4, 8], dtype=torch.int32, device="meta")
    return torch._grouped_mm(x.bfloat16(), w.bfloat16(), offs=ends)


class Called(nn.Module):
    def __init__(self, call):
        super().__init__()
        self.call = call

    def forward(self, *tensors):
        return self.call(*tensors)


def macs(call, *shapes) -> int:
    module = call.to("meta") if isinstance(call, nn.Module) else Called(call)
    return count_macs(module, tuple(torch.empty(shape, device="meta") for shape in shapes)).macs


@pytest.mark.parametrize(
    ("call", "shapes", "expected"),
    [
        (torch.outer, [(3,), (4,)], 3 * 4),
        (torch.addr, [(3, 4), (3,), (4,)], 3 * 4),
        (torch.addbmm, [(3, 4), (2, 3, 5), (2, 5, 4)], 2 * 3 * 5 * 4),
        (torch.kron, [(2, 3), (4, 5)], 8 * 15),
        (lambda a, b: torch.tensordot(a, b, dims=1), [(2, 3), (3, 4)], 2 * 3 * 4),
        (
            lambda a, b: torch.tensordot(a, b, dims=([1, 2], [0, 1])),
            [(2, 3, 4), (3, 4, 5)],
            2 * 12 * 5,
        ),
        (torch.linalg.vecdot, [(2, 3), (2, 3)], 2 * 3),
        (nn.Bilinear(3, 4, 5), [(2, 3), (2, 4)], 2 * 5 * (3 * 4 + 4)),
        (torch.cdist, [(2, 4, 3), (2, 5, 3)], 2 * 4 * 5 * 3),
        (nn.GRU(3, 5), [(4, 2, 3)], 4 * 2 * 3 * (3 * 5 + 5 * 5)),
        (
            nn.LSTM(3, 5, 2, bidirectional=True, batch_first=True),
            [(2, 4, 3)],
            2 * 4 * 4 * 2 * (3 * 5 + 5 * 5 + 10 * 5 + 5 * 5),
        ),
        (nn.LSTMCell(3, 5), [(2, 3)], 2 * 4 * (3 * 5 + 5 * 5)),
        (nn.MultiheadAttention(8, 2, batch_first=True), [(1, 4, 8)] * 3, 4 * 4 * 64 + 2 * 16 * 8),
        (F.cosine_similarity, [(2, 3), (2, 3)], 2 * 3),
        (lambda a, b: F.cosine_similarity(a[:, None], b, -1), [(2, 3), (4, 3)], 2 * 4 * 3),
        (lambda a, b: F.pairwise_distance(a[:, None], b), [(2, 3), (4, 3)], 2 * 4 * 3),
        (F.pairwise_distance, [(2, 3), (2, 3)], 0),
        (lambda *m: torch.linalg.multi_dot(m), [(9, 2), (2, 8), (8, 3)], 2 * 8 * 3 + 9 * 2 * 3),
        (lambda *m: torch.linalg.multi_dot(m), [(3,), (3, 4), (4,)], 3 * 4 + 3),
        (lambda m, a, b: m.zero_().addmm_(a, b), [(2, 4), (2, 3), (3, 4)], 2 * 3 * 4),
        (experts, [(8, 16), (2, 16, 24)], 8 * 16 * 24),
        (experts, [(16, 8), (8, 24)], 8 * 16 * 24),
        (lambda w: F.embedding_bag(PLACES, w), [(5, 4)], 0),
        (
            lambda w, p: F.embedding_bag(PLACES, w, per_sample_weights=p, mode="sum"),
            [(5, 4), (2, 3)],
            2 * 3 * 4,
        ),
        (
            lambda t: F.affine_grid(t, [2, 1, 5, 6], align_corners=False),
            [(2, 2, 3)],
            2 * 5 * 6 * 2 * 3,
        ),
        (nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)), [(2, 3)], 2 * 3 * 4),
        (lambda w: F.one_hot(torch.zeros(2, dtype=int, device="meta"), 3) * w, [(2, 3)], 0),
    ],
)
def test_products_of_other_names_count_as_by_hand(call, shapes, expected):
    assert macs(call, *shapes) == expected


@pytest.mark.parametrize(
    ("call", "shapes", "name"),
    [
        (torch.fft.fft2, [(1, 3, 8, 8)], "aten::fft_fft2"),
        (torch.linalg.inv, [(3, 3)], "aten::linalg_inv"),
        (torch.matrix_exp, [(3, 3)], "aten::linalg_matrix_exp"),
        (F.pdist, [(4, 3)], "aten::pdist"),
        (torch.conv_tbc, [(4, 1, 3), (3, 3, 5), (5,)], "aten::conv_tbc"),
    ],
)
def test_what_has_no_count_is_refused_by_its_name(call, shapes, name):
    with pytest.raises(Uncounted, match=rf"not counted: .*{name} \(x1\)"):
        macs(call, *shapes)


def test_what_cannot_be_traced_is_refused_in_one_line():
    class Compiled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = torch.compile(nn.Linear(3, 4))

        def forward(self, x):
            return self.inner(x)

    with pytest.raises(Uncounted, match="Compiled cannot be traced") as refused:
        macs(Compiled(), (2, 3))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("form", "rank", "axes"),
    [("ijk->ik", 3, [1]), ("a...b->...", 4, [0, 3]), ("iij->j", 3, [0, 1]), ("ii", 2, [0, 1])],
)
def test_axes_that_an_einsum_of_one_tensor_sums(form, rank, axes):
    assert lost_axes(form, [2] * rank) == axes
