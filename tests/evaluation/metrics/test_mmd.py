"""Are KID and CMMD what torch-fidelity's and the authors' formulas say?"""

import pytest
import torch
from torch_fidelity.metric_kid import (
    KEY_METRIC_KID_MEAN,
    KEY_METRIC_KID_STD,
    kid_features_to_metric,
)

from scaling.evaluation.metrics import mmd as kernels


@pytest.mark.parametrize("block", [2048, 16], ids=["in one", "in blocks"])
@pytest.mark.parametrize("subsets, size", [(50, 15), (3, 4)], ids=["overlapping", "few"])
def test_kid_is_torch_fidelitys_of_its_subsets(subsets, size, block, monkeypatch):
    monkeypatch.setattr(kernels, "BLOCK", block)
    g = torch.Generator().manual_seed(0)
    x, y = torch.randn(40, 8, generator=g), torch.randn(30, 8, generator=g) + 0.5
    theirs = kid_features_to_metric(
        x,
        y,
        kid_subsets=subsets,
        kid_subset_size=size,
        rng_seed=0,
        kid_kernel="poly",
        kid_kernel_poly_degree=3,
        kid_kernel_poly_gamma=None,
        kid_kernel_poly_coef0=1,
        verbose=False,
    )
    mean, spread = kernels.kid(x, y, subsets, size)
    assert mean == pytest.approx(theirs[KEY_METRIC_KID_MEAN], rel=1e-4)
    assert spread == pytest.approx(theirs[KEY_METRIC_KID_STD], rel=1e-4)


def test_cmmd_is_the_authors_formula():
    g = torch.Generator().manual_seed(1)
    x, y = torch.randn(40, 8, generator=g), torch.randn(30, 8, generator=g) + 0.5
    u, v = (rows.double() / rows.double().norm(dim=1, keepdim=True) for rows in (x, y))

    def mean(a, b):
        return torch.exp(-(a[:, None] - b[None]).square().sum(-1) / 200).mean()

    assert kernels.cmmd(x, y) == pytest.approx(
        float(1000 * (mean(u, u) + mean(v, v) - 2 * mean(u, v))), rel=1e-6
    )
    assert kernels.cmmd(x, x) == pytest.approx(0, abs=1e-9)
