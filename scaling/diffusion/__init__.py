"""The processes: noising, what is learned, samplers and guidance."""

from scaling.diffusion.flow import LinearFlow
from scaling.diffusion.flow_samplers import euler, euler_maruyama, heun
from scaling.diffusion.gaussian import GaussianDiffusion
from scaling.diffusion.guidance import guided
from scaling.diffusion.process import Process
from scaling.diffusion.samplers import ddim, ddpm, dpm_solver
from scaling.study.spec import DiffusionSpec
from scaling.study.timesteps import ddim_timesteps, spaced_timesteps

__all__ = [
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


def build_process(spec: DiffusionSpec) -> Process:
    """The process that ``spec``'s objective is trained on."""
    return (
        LinearFlow(spec) if spec.objective == "flow" else GaussianDiffusion(spec, spec.learns_sigma)
    )
