"""The processes: how images are noised, what is learned, and how images are sampled."""

import functools
from collections.abc import Callable

from scaling.diffusion.flow import LinearFlow
from scaling.diffusion.flow_samplers import euler, euler_maruyama, heun
from scaling.diffusion.gaussian import GaussianDiffusion
from scaling.diffusion.guidance import guided
from scaling.diffusion.process import Process
from scaling.diffusion.samplers import ddim, ddpm, dpm_solver
from scaling.study.named import named
from scaling.study.specs.trial import DiffusionSpec
from scaling.study.timesteps import ddim_timesteps, spaced_timesteps

__all__ = [
    "OBJECTIVES",
    "GaussianDiffusion",
    "LinearFlow",
    "Process",
    "build_process",
    "ddim",
    "ddim_timesteps",
    "ddpm",
    "dpm_solver",
    "euler",
    "euler_maruyama",
    "guided",
    "heun",
    "spaced_timesteps",
]


# objective -> how to make its process
OBJECTIVES: dict[str, Callable[[DiffusionSpec], Process]] = {
    "ddpm": functools.partial(GaussianDiffusion, learn_sigma=True),
    "epsilon": functools.partial(GaussianDiffusion, learn_sigma=False),
    "flow": LinearFlow,
}


def build_process(spec: DiffusionSpec) -> Process:
    """The process for ``spec``'s objective."""
    return named(OBJECTIVES, spec.objective, "objective")(spec)
