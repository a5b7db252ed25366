"""Does a matrix product count however it is written, and elementwise work count zero?"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scaling.models.counting.count import count_macs


def macs(call, *shapes) -> int:
    class Called(nn.Module):
        def forward(self, *tensors):
            return call(*tensors)

    return count_macs(Called(), tuple(torch.empty(shape, device="meta") for shape in shapes)).macs


PRODUCT = 2 * 3 * 4


def into(write):
    """What sums a buffer over its middle axis, into which ``write(buffer, a, b)`` wrote."""

    def call(a, b):
        buffer = a.new_empty(2, 3, 4)
        write(buffer, a[:, :, None], b)
        return buffer.sum(1)

    return call


def by_rows(o, a, b):
    for i in range(2):
        o[i] = a[i] * b


def by_places(o, a, b):
    o[:, PLACES] = a * b


ROWS = torch.zeros(5, dtype=int, device="meta")
PLACES = torch.zeros(3, dtype=int, device="meta")


@pytest.mark.parametrize(
    "written",
    [
        lambda a, b: (a[:, :, None] * b).sum(1),
        lambda a, b: (a[:, :, None] * b).mean(1),
        lambda a, b: (a[:, :, None].expand(2, 3, 4) * b.expand(2, 3, 4)).sum(1),
        lambda a, b: (a[:, :, None] * b).permute(0, 2, 1).sum(-1),
        lambda a, b: (a[:, None] * b.t()).sum(-1),
        lambda a, b: (a[:, :, None] * b).reshape(2, -1).sum(-1),
        lambda a, b: (0.5 * (a[:, :, None] * b).double() + 1).sum(1),
        lambda a, b: torch.addcmul(a.new_zeros(()), a[:, :, None], b).sum(1),
        lambda a, b: (a[:, :, None] / b).sum(1),
        lambda a, b: torch.einsum("bik->bk", a[:, :, None] * b),
        lambda a, b: (a[:, :, None] * b).cumsum(1),
        lambda a, b: torch.stack([a[:, i : i + 1] * b[i] for i in range(3)]).sum(0),
        lambda a, b: torch.stack([a[:, :, None] * b] * 1, 1).sum(2),
        lambda a, b: torch.cat(
            [a[:, i : i + 1, None] * b[None, i : i + 1] for i in (0, 1, 2)], 1
        ).sum(1),
        lambda a, b: torch.cat([a[:, :, None] * b[:, :1], a[:, :, None] * b[:, 1:]], 2).sum(1),
        lambda a, b: torch.where(a[:, :, None] > 0, a[:, :, None] * b, 0.0).sum(1),
        lambda a, b: F.pad((a[:, :, None] * b).flip(1).roll(1, 2), (0, 0, 1, 1)).nansum(1),
        lambda a, b: (a[:, :, None] * b)[:, torch.arange(3, device="meta")].sum(1),
        lambda a, b: (a[None, :, :, None] * b)[0].sum(1),
        lambda a, b: (a[:, :, None] * b).chunk(2, 2)[0].sum(1),
        lambda a, b: (a[None, :, :, None] * b).unbind(0)[0].sum(1),
        lambda a, b: a.new_empty(2, 3, 4).copy_(a[:, :, None] * b).sum(1),
        lambda a, b: (a[:, :, None] * b).expand(5, 2, 3, 4).sum(2),
        lambda a, b: a.new_zeros(2, 6, 4).index_add(1, PLACES, a[:, :, None] * b),
        lambda a, b: a.new_zeros(2, 6, 4).scatter_add(
            1, PLACES[None, :, None].expand(2, 3, 4), a[:, :, None] * b
        ),
        into(lambda o, a, b: o.copy_(a * b)),
        into(lambda o, a, b: o[:].copy_(a * b)),
        into(lambda o, a, b: (o[..., :2].zero_(), o[:, :, :].copy_(a * b))),
        into(lambda o, a, b: o.transpose(0, 1).copy_((a * b).transpose(0, 1))),
        into(lambda o, a, b: o.index_copy_(1, PLACES, a * b)),
        into(lambda o, a, b: o.scatter_(1, PLACES[None, :, None].expand(2, 3, 4), a * b)),
        into(lambda o, a, b: torch.mul(a, b, out=o)),
        into(lambda o, a, b: torch.mul(a, b, out=o[:])),
        into(lambda o, a, b: o[:].copy_(a.expand(2, 3, 4)).mul_(b)),
        into(by_rows),
        into(by_places),
        lambda a, b: a.new_empty(2, 4).scatter(
            0, PLACES[:2, None].expand(2, 4), (a[:, :, None] * b).sum(1), reduce="add"
        ),
        lambda a, b: a.new_zeros(2, 12).scatter_(
            1, PLACES.repeat(4)[None].expand(2, 12), (a[:, :, None] * b).view(2, 12), reduce="add"
        ),
        lambda a, b: a.new_empty(2, 3, 4).slice_scatter(a[:, :, None] * b).sum(1),
        lambda a, b: a.new_empty(2, 3, 4).index_copy(1, PLACES, a[:, :, None] * b).sum(1),
    ],
)
def test_a_product_that_is_written_out_counts_as_matmul_does(written):
    assert macs(torch.matmul, (2, 3), (3, 4)) == PRODUCT
    assert macs(written, (2, 3), (3, 4)) == PRODUCT


def test_one_image_is_counted_as_many_are():
    def linear(x, w):
        return (x[:, None] * w).sum(-1)

    assert [macs(linear, (n, 3), (4, 3)) for n in (1, 5)] == [12, 60]


def test_a_convolution_over_unfolded_images_counts_as_one():
    def unfolded(x, w):
        return (w.flatten(1)[None, :, :, None] * F.unfold(x, 3)[:, None]).sum(2)

    def of_each_channel(x, w):
        windows = x.unfold(2, 3, 1).unfold(3, 3, 1)
        return (windows * w[None, :, None, None]).sum((-1, -2))

    shapes = (1, 3, 8, 8), (5, 3, 3, 3)
    assert macs(unfolded, *shapes) == macs(F.conv2d, *shapes) == 36 * 27 * 5
    assert macs(of_each_channel, (1, 3, 8, 8), (3, 3, 3)) == 36 * 9 * 3


@pytest.mark.parametrize(
    "work",
    [
        lambda x, s: (x * (1 + s[:, None])).mean(1),
        lambda x, s: (x * s[:, None].expand(2, 5, 3)).mean(1),
        lambda x, s: (x * s[:, None].repeat(1, 5, 1)).sum(1),
        lambda x, s: (x * s[:, None]).transpose(1, 2).mean(-1),
        lambda x, s: (x * s[:, None]).view(2, 5, 3, 1).sum((1, 3)),
        lambda x, s: (x * x).mean(-1),
        lambda x, s: ((x - x.mean(-1, keepdim=True)) * (x - x.mean(-1, keepdim=True))).mean(-1),
        lambda x, s: (x.float() * x.contiguous()).sum(),
        lambda x, s: x.pow(2).mean(-1),
        lambda x, s: (x - x.mean(-1, keepdim=True)).pow(2).mean(-1),
        lambda x, s: (x - s[:, None]).pow(2).mean((1, 2)),
        lambda x, s: torch.stack([x, 2 * x]).sum((0, 2)),
        lambda x, s: (0.5 * x).sum(),
        lambda x, s: torch.cat([x * s[:, None], x], 1).mean(1),
        lambda x, s: torch.where(x > 0, x * s[:, None], x).mean(1),
        lambda x, s: (x * s[:, None]).new_zeros(2, 1, 3).index_add(1, ROWS, x * s[:, None]),
        lambda x, s: (x - x.mean(-1, keepdim=True)).norm(dim=-1),
        lambda x, s: torch.linalg.norm(x - s[:, None], dim=-1),
        lambda x, s: x[:, :2] * s[:, None] + x[:, 2:4] * s[:, None],
        lambda x, s: x * s[:, None],
    ],
)
def test_modulations_norms_and_sums_of_terms_count_zero(work):
    assert macs(work, (2, 5, 3), (2, 3)) == 0


@pytest.mark.parametrize(
    "written",
    [
        lambda a, b: (a[:, None] - b).pow(2).sum(-1),
        lambda a, b: ((a[:, None] - b) ** 2).mean(-1).sqrt(),
        lambda a, b: ((a[:, None] - b) * (a[:, None] - b)).sum(-1),
        lambda a, b: (a[:, None] - b).norm(dim=-1),
        lambda a, b: torch.linalg.norm(a[:, None] - b, dim=-1),
        lambda a, b: torch.linalg.vector_norm(a[:, None] - b, dim=(-1,)),
    ],
)
def test_distances_of_all_pairs_count_as_cdist_does(written):
    assert macs(torch.cdist, (2, 3), (4, 3)) == macs(written, (2, 3), (4, 3)) == PRODUCT


@pytest.mark.parametrize(
    "parts",
    [
        lambda x: x.chunk(2, 1),
        lambda x: x.unflatten(1, (2, 3)).unbind(1),
        lambda x: (x[:, :3], x[:, 3:]),
    ],
)
def test_two_parts_of_one_tensor_are_two_factors(parts):
    def dotted(x):
        q, k = parts(x)
        return (q * k).sum(-1)

    assert macs(dotted, (2, 6)) == 2 * 3


def test_a_scale_beside_a_product_hides_none_of_it():
    def scaled(a, b, s):
        return ((a[:, :, None] * b) * s[:, None]).sum(1)

    assert macs(scaled, (2, 3), (3, 4), (2, 4)) == PRODUCT


def test_a_product_of_complex_numbers_is_four_of_real_ones():
    def by_matmul(a, b):
        return torch.view_as_complex(a) @ torch.view_as_complex(b)

    def written_out(a, b):
        return (torch.view_as_complex(a)[..., None] * torch.view_as_complex(b)).sum(1)

    for call in by_matmul, written_out:
        assert macs(call, (2, 3, 2), (3, 4, 2)) == 4 * PRODUCT
