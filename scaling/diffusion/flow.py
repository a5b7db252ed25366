"""What does a flow model learn? A prediction on the straight line from image to noise.

Sources: SiT, arXiv 2401.08740, for the velocity; JiT, 2511.13720, for the image with the loss of
the velocity.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from scaling.diffusion.process import Process, over
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.time_shift import shifted

# The error of a velocity is that of an image over t. Near the image it would outweigh all others,
# so a loss divides by no less than this (JiT's code; the same at the other end for epsilon).
LEAST = 0.05

# prediction -> the velocity that an output at x, t means; t is neither 0 nor 1
VELOCITIES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "v": lambda out, x, t: out,
    "x": lambda out, x, t: (x - out) / t,
    "epsilon": lambda out, x, t: (out - x) / (1 - t),
}
# prediction -> the expected velocity where x tells nothing of it: at the image the noise has mean
# 0, and at pure noise the image is taken to have mean 0
AT_ENDS: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
    "x": (0.0, lambda out: -out),
    "epsilon": (1.0, lambda out: out),
}
# prediction -> what it is to tell, of image and noise
TARGETS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "v": lambda x0, noise: noise - x0,
    "x": lambda x0, noise: x0,
    "epsilon": lambda x0, noise: noise,
}
# (prediction, what the loss is of) -> the error of the latter over that of the former, at t
FACTORS: dict[tuple[str, str], Callable[[Tensor], Tensor]] = {
    ("v", "v"): torch.ones_like,
    ("v", "x"): lambda t: t,
    ("v", "epsilon"): lambda t: 1 - t,
    ("x", "x"): torch.ones_like,
    ("x", "v"): lambda t: 1 / t.clamp(min=LEAST),
    ("x", "epsilon"): lambda t: (1 - t) / t.clamp(min=LEAST),
    ("epsilon", "epsilon"): torch.ones_like,
    ("epsilon", "v"): lambda t: 1 / (1 - t).clamp(min=LEAST),
    ("epsilon", "x"): lambda t: t / (1 - t).clamp(min=LEAST),
}


class LinearFlow(Process):
    """x_t = (1 - t) x_0 + t epsilon, with t from 0 (image) to 1 (noise).

    The network predicts v = epsilon - x_0, x_0 or epsilon. This is the convention of SiT's paper
    and of ``flow_samplers``; in SiT's and JiT's released code time and velocity run the other way.
    """

    def __init__(self, spec: DiffusionSpec):
        self.spec = spec

    def at_fraction(self, fraction: Tensor) -> Tensor:
        return fraction.float()

    def told(self, time: Tensor) -> Tensor:
        return time * self.spec.time_scale

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Times as any process draws them, then moved by ``time_shift``."""
        return shifted(super().draw(count, generator), self.spec.time_shift)

    def _uniform(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.rand(count, generator=generator)

    def q_sample(self, x0: Tensor, time: Tensor, noise: Tensor) -> Tensor:
        t = over(time, x0)
        return (1 - t) * x0 + t * noise

    def sampled(self, out: Tensor, x: Tensor, time: Tensor) -> Tensor:
        """The velocity that the output ``out`` at ``x`` and ``time`` (B,) means, exactly.

        At time 1 nothing is known of the image from epsilon; its mean is taken to be 0.
        """
        predicted = self.spec.predicted
        t = over(time, x).to(x.dtype)
        if predicted not in AT_ENDS:
            return VELOCITIES[predicted](out, x, t)
        end, expected = AT_ENDS[predicted]
        at_end = t == end
        inside = torch.where(at_end, torch.full_like(t, 0.5), t)  # never divides by 0
        return torch.where(at_end, expected(out), VELOCITIES[predicted](out, x, inside))

    def losses(
        self, out: Tensor, x0: Tensor, x_t: Tensor, time: Tensor, noise: Tensor
    ) -> dict[str, Tensor]:
        predicted, loss_of = self.spec.predicted, self.spec.loss_of
        mse = (out - TARGETS[predicted](x0, noise)).square().flatten(1).mean(1)
        if predicted == loss_of:
            return {"mse": mse, "loss": mse}
        return {"mse": mse, "loss": FACTORS[predicted, loss_of](time.float()).square() * mse}
