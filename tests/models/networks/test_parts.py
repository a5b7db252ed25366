"""Do norms, gated MLPs and rotary positions follow their formulas?"""

import math

import pytest
import torch

from scaling.models.networks.parts import MLPS, NORMS, GatedMlp, HeadNorm, rotated, rotations
from scaling.study.families.dit.layers import MLPS as MLP_LAYERS
from scaling.study.families.dit.layers import NORMS as NORM_LAYERS


def test_each_norm_and_mlp_has_its_layers():
    assert NORMS.keys() == NORM_LAYERS.keys() and MLPS.keys() == MLP_LAYERS.keys()


def test_an_rms_norm_divides_by_the_root_mean_square_and_scales():
    norm = NORMS["rms"](2)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([1.0, 10.0]))
        got = norm(torch.tensor([3.0, 4.0]))
    root = math.sqrt((9 + 16) / 2)
    assert got.tolist() == pytest.approx([3 / root, 40 / root], rel=1e-5)


def test_a_gated_mlp_multiplies_a_silu_with_the_other_half():
    mlp = GatedMlp(1, 1)
    with torch.no_grad():
        for p, values in zip(mlp.parameters(), ([[2.0], [3.0]], [0.0, 1.0], [[5.0]], [7.0])):
            p.copy_(torch.tensor(values))
        got = mlp(torch.tensor([[0.5]])).item()
    assert got == pytest.approx(5 * (1 / (1 + math.exp(-1))) * 2.5 + 7, rel=1e-6)


def test_queries_and_keys_keep_their_direction_and_get_unit_size():
    q, k = torch.randn(2, 3, 4, 8), 100 * torch.randn(2, 3, 4, 8)
    for before, after in zip((q, k), HeadNorm(8)(q, k)):
        size, turn = after.square().mean(-1).sqrt(), torch.cosine_similarity(before, after, dim=-1)
        torch.testing.assert_close(size, torch.ones(2, 3, 4), rtol=1e-3, atol=0)
        torch.testing.assert_close(turn, torch.ones(2, 3, 4))


def test_a_product_of_turned_tokens_depends_on_how_far_apart_they_are_alone():
    side, e = 5, 8
    q, k = torch.randn(e), torch.randn(e)
    turns = rotations(e, side)
    qs, ks = (
        rotated(x.expand(1, side * side, 1, e), turns)[0, :, 0].view(side, side, e) for x in (q, k)
    )

    def product(a, b):
        return float(qs[a] @ ks[b])

    assert product((1, 2), (3, 3)) == pytest.approx(product((0, 0), (2, 1)), abs=1e-5)
    assert product((1, 2), (3, 3)) != pytest.approx(product((1, 2), (3, 4)), abs=1e-3)
    assert product((1, 2), (3, 3)) != pytest.approx(product((1, 2), (4, 3)), abs=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("channels", [4, 8, 64])
def test_turning_as_complex_numbers_is_the_formula_forward_and_backward(
    dtype, channels, monkeypatch
):
    """What a compiler sees is the formula; queries are a part of a tensor that keys share."""
    turns = rotations(channels, 3, extra=2)
    told, gradient = (
        torch.randn(2, 11, 3, 2, channels, dtype=dtype),
        torch.randn(2, 11, 2, channels),
    )
    answers = []
    for compiling in (False, True):
        monkeypatch.setattr(torch.compiler, "is_compiling", lambda compiling=compiling: compiling)
        qkv = told.clone().requires_grad_()
        turned = rotated(qkv.unbind(2)[1], turns)
        turned.backward(gradient.to(dtype))
        answers.append((turned.detach(), qkv.grad))
    assert answers[0][0].dtype == dtype
    for ours, formula in zip(*answers):
        half = (
            {"atol": 0.02, "rtol": 0.02} if dtype == torch.bfloat16 else {}
        )  # rounds each product
        torch.testing.assert_close(ours, formula, **half)


def test_turns_of_half_precision_are_the_formula():
    x, turns = torch.randn(1, 4, 1, 8), rotations(8, 2)
    got = rotated(x.bfloat16(), turns.bfloat16())
    torch.testing.assert_close(got.float(), rotated(x, turns), atol=0.05, rtol=0.05)


def test_tokens_without_a_place_are_not_turned_and_turning_keeps_lengths():
    turns = rotations(4, 2, extra=3)
    x = torch.randn(1, 7, 2, 4)
    got = rotated(x, turns)
    assert turns.shape == (2, 7, 2)
    assert torch.equal(got[:, 4:], x[:, 4:]) and torch.equal(got[:, 0], x[:, 0])
    torch.testing.assert_close(got.norm(dim=-1), x.norm(dim=-1))
    # the token in row 1 and column 0: its first pair turns by one radian, its second does not
    a, b = x[0, 2, 0, :2].tolist()
    expected = [a * math.cos(1) - b * math.sin(1), a * math.sin(1) + b * math.cos(1)]
    assert got[0, 2, 0, :2].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert torch.equal(got[0, 2, :, 2:], x[0, 2, :, 2:])
