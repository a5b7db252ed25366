"""What does a flow model learn? The velocity along the straight line from image to noise.

Source: SiT, arXiv 2401.08740.
"""

import torch
from torch import Tensor

from scaling.diffusion.process import Process, over
from scaling.study.spec import DiffusionSpec


class LinearFlow(Process):
    """x_t = (1 - t) x_0 + t epsilon, with t from 0 (image) to 1 (noise).

    The network predicts v = epsilon - x_0. This is the convention of SiT's paper and of
    ``flow_samplers``; in SiT's released code time and velocity run the other way.
    """

    def __init__(self, spec: DiffusionSpec):
        self.spec = spec

    def at_fraction(self, fraction: Tensor) -> Tensor:
        return fraction.float()

    def told(self, time: Tensor) -> Tensor:
        return time * self.spec.time_scale

    def _uniform(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand(count, generator=generator)

    def q_sample(self, x0: Tensor, time: Tensor, noise: Tensor) -> Tensor:
        t = over(time, x0)
        return (1 - t) * x0 + t * noise

    def losses(
        self, out: Tensor, x0: Tensor, x_t: Tensor, time: Tensor, noise: Tensor
    ) -> dict[str, Tensor]:
        mse = (out - (noise - x0)).square().flatten(1).mean(1)
        return {"mse": mse, "loss": mse}
