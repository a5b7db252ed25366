"""How does a flow model turn noise into an image? Along an ODE or along SiT's SDE.

Euler and Heun follow the ODE, Euler-Maruyama the SDE. Time runs from 1 (noise) to 0 (image) along
x_t = (1 - t) x_0 + t epsilon. ``velocity(x, t)`` gives the network's v = epsilon - x_0 (B, C, ...)
for x (B, C, ...) at times t (B,). ``times`` falls from 1 to 0; the network is evaluated at all
times but the last.
"""

import itertools
import math
from collections.abc import Callable

import torch
from torch import Tensor

Velocity = Callable[[Tensor, Tensor], Tensor]
Noise = Callable[[], Tensor]

# Half of the w(t) in dx = v dt - w s / 2 dt + sqrt(w) dW (SiT, arXiv 2401.08740, eq. 5 and
# appendix), as a function of our time.
DIFFUSION: dict[str, Callable[[float], float]] = {
    "sigma": lambda t: t,
    "constant": lambda t: 1.0,
    "decreasing": lambda t: 0.25 * (1.0 - math.cos(math.pi * t)) ** 2,
    "increasing-decreasing": lambda t: math.sin(math.pi * t) ** 2,
}


def euler(velocity: Velocity, x: Tensor, times: list[float]) -> Tensor:
    """First order: one evaluation per step."""
    for t, after in itertools.pairwise(times):
        x = x + (after - t) * velocity(x, _at(t, x))
    return x


def heun(velocity: Velocity, x: Tensor, times: list[float], last: str = "heun") -> Tensor:
    """Second order: two evaluations per step, of which the very last is at time 0.

    With ``last`` ``"euler"`` the last step is of first order, as in JiT's code (arXiv 2511.13720).
    """
    for t, after in itertools.pairwise(times):
        v = velocity(x, _at(t, x))
        if last == "euler" and after == times[-1]:
            return x + (after - t) * v
        ahead = velocity(x + (after - t) * v, _at(after, x))
        x = x + (after - t) * (v + ahead) / 2
    return x


def euler_maruyama(
    velocity: Velocity,
    x: Tensor,
    times: list[float],
    noise: Noise,
    diffusion: str = "sigma",
    last: str = "mean",
) -> Tensor:
    """SiT's SDE from x (B, C, ...) at time 1 to an image.

    ``noise()`` (B, C, ...) is drawn at each step but the last, which leads to the image. The
    marginals are the ODE's for any ``diffusion``, a key of DIFFUSION. ``last`` is ``"mean"``, the
    drift without noise, or ``"tweedie"``, the expected image.
    """
    steps = list(itertools.pairwise(times))
    for t, after in steps[:-1]:
        d, h = DIFFUSION[diffusion](t), t - after
        x = x + h * _drift(velocity(x, _at(t, x)), x, t, d) + math.sqrt(2 * d * h) * noise()
    t, after = steps[-1]
    v = velocity(x, _at(t, x))
    if last == "tweedie":
        return x - t * v
    return x + (t - after) * _drift(v, x, t, DIFFUSION[diffusion](t))


def _drift(v: Tensor, x: Tensor, t: float, d: float) -> Tensor:
    """The drift towards the image: -v + d times the score.

    The score is -epsilon / t, with the predicted epsilon = x + (1 - t) v.
    """
    return -v - d / t * (x + (1 - t) * v)


def _at(t: float, x: Tensor) -> Tensor:
    return torch.full((len(x),), t, device=x.device, dtype=x.dtype)
