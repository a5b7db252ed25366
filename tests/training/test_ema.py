"""Is an average as long as it says?"""

import pytest
import torch

from scaling.study import Ema
from scaling.training.ema import EmaWeights, beta, power_gamma


@pytest.mark.parametrize("length, gamma", [(0.05, 16.97), (0.10, 6.94)])
def test_gamma_is_edm2s(length, gamma):
    """EDM2 section 3.1 prints gamma 16.97 and 6.94 for relative lengths of 5 % and 10 %."""
    assert power_gamma(length) == pytest.approx(gamma, abs=0.005)


@pytest.mark.parametrize("length", [0.03, 0.05, 0.1, 0.2])
def test_a_power_average_spreads_over_its_fraction_of_training(length):
    steps, ema = 4000, Ema(length=length)
    weight = torch.zeros(steps, dtype=torch.float64)
    for step in range(1, steps + 1):
        b = beta(ema, step)
        weight *= b
        weight[step - 1] = 1 - b
    t = torch.arange(1, steps + 1, dtype=torch.float64) / steps
    mean = (weight * t).sum()
    assert weight.sum() == pytest.approx(1.0)  # nothing is left of the initial weights
    assert ((weight * (t - mean) ** 2).sum().sqrt()).item() == pytest.approx(length, rel=2e-3)


def test_a_fixed_decay_keeps_its_share():
    p = torch.tensor([1.0])
    ema = EmaWeights(Ema(kind="decay", length=0.9), [p])
    p.fill_(2.0)
    ema.update(1)
    assert ema.average[0].item() == pytest.approx(1.1)
