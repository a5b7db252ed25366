"""How does noise become an image? Ancestral DDPM, DDIM and DPM-Solver++.

Each is a pure function of a predictor and its noise. ``predict(x, t)`` gives the network's output
(B, C or 2C, ...) for x (B, C, ...) at original timesteps t (B,).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from scaling.diffusion.gaussian import GaussianDiffusion

Predict = Callable[[Tensor, Tensor], Tensor]
Noise = Callable[[], Tensor]


def ddpm(
    process: GaussianDiffusion,
    predict: Predict,
    x: Tensor,
    noise: Noise,
    clip: float | None = None,
    small_variance: bool = False,
) -> Tensor:
    """Ancestral sampling (DDPM, algorithm 2) from x_T (B, C, ...).

    ``noise()`` is drawn once per step, including the last. What is predicted of the image is
    clipped to +-``clip``. ``small_variance``: of a sigma that is not learned, the posterior's.
    """
    for last, i, t in _countdown(process, x):
        eps, values = process.split(predict(x, t))
        mean = process.posterior_mean(_clipped(process.predicted_x0(x, i, eps), clip), x, i)
        z = noise()
        x = (
            mean
            if last
            else mean + torch.exp(0.5 * process.log_variance(values, i, x, small_variance)) * z
        )
    return x


def ddim(
    process: GaussianDiffusion,
    predict: Predict,
    x: Tensor,
    noise: Noise,
    eta: float = 0.0,
    clip: float | None = None,
) -> Tensor:
    """DDIM (arXiv 2010.02502, eq. 12) from x_T (B, C, ...); with ``eta`` 0 no noise is drawn.

    What is predicted of the image is clipped to +-``clip``, and the noise is as predicted, as in
    diffusers (ADM's code predicts it anew from the clipped image).
    """
    for last, i, t in _countdown(process, x):
        eps, _ = process.split(predict(x, t))
        x0 = _clipped(process.predicted_x0(x, i, eps), clip)
        alpha_bar = process.at("alpha_bar", i, x)
        previous = process.at("alpha_bar_previous", i, x)
        sigma = (
            eta
            * torch.sqrt((1 - previous) / (1 - alpha_bar))
            * torch.sqrt(1 - alpha_bar / previous)
        )
        x = torch.sqrt(previous) * x0 + torch.sqrt(1 - previous - sigma**2) * eps
        if eta and not last:
            x = x + sigma * noise()
    return x


def dpm_solver(
    process: GaussianDiffusion, predict: Predict, x: Tensor, timesteps: list[int]
) -> Tensor:
    """DPM-Solver++ (arXiv 2211.01095), second order and multistep, from x_T (B, C, H, W).

    diffusers' implementation. ``process`` is the whole process, whose betas the solver receives;
    ``timesteps``, ascending, are those at which the network is evaluated. The last step, to the
    image itself, is of first order, and so is the one before it if there are fewer than 15 steps
    (diffusers' defaults).
    """
    # imported here because it takes seconds, and no other sampler needs it
    from diffusers import DPMSolverMultistepScheduler

    solver = DPMSolverMultistepScheduler(
        trained_betas=process.betas, num_train_timesteps=len(process)
    )
    solver.set_timesteps(timesteps=timesteps[::-1])
    for t in solver.timesteps.tolist():
        eps, _ = process.split(predict(x, torch.full((len(x),), t, device=x.device)))
        x = solver.step(eps, t, x).prev_sample
    return x


def _clipped(x0: Tensor, clip: float | None) -> Tensor:
    return x0 if clip is None else x0.clamp(-clip, clip)


def _countdown(process: GaussianDiffusion, x: Tensor):
    """From the noisiest index to 0: whether it is the last, the index (B,), the timestep (B,)."""
    for index in reversed(range(len(process))):
        i = torch.full((len(x),), index, device=x.device)
        yield index == 0, i, torch.full((len(x),), process.timesteps[index], device=x.device)
