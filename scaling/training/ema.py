"""How are weights averaged? Power-function and fixed-decay EMAs, kept beside the weights."""

import functools
from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from scaling.study.specs.ema import Ema
from scaling.training.workers import local


@functools.cache
def power_gamma(length: float) -> float:
    """The exponent gamma whose averaging profile has relative standard deviation ``length``.

    Source: EDM2, eq. 126. length^2 = (gamma + 1) / ((gamma + 2)^2 (gamma + 3)); the only root with
    gamma >= 0 is returned.
    """
    t = length**-2
    roots = np.roots([1.0, 7.0, 16.0 - t, 12.0 - t])
    return float(max(roots[np.isreal(roots)].real))


def beta(ema: Ema, step: int) -> float:
    """The weight of the old average at ``step`` (from 1)."""
    if ema.kind == "power":
        return (1.0 - 1.0 / step) ** (power_gamma(ema.length) + 1.0)
    return ema.length


class EmaWeights:
    """One running average of a list of parameters, or of this worker's shards, in fp32."""

    def __init__(self, ema: Ema, params: Iterable[Tensor]):
        self.ema = ema
        self.params = list(params)
        self.average = [p.detach().clone() for p in local(self.params)]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Add the weights after optimiser step ``step`` (from 1) to the average."""
        torch._foreach_lerp_(self.average, local(self.params), 1.0 - beta(self.ema, step))
