"""The processes: noising, what is learned, samplers and guidance."""

from scaling.diffusion.flow_samplers import euler, euler_maruyama, heun
from scaling.diffusion.gaussian import GaussianDiffusion
from scaling.diffusion.guidance import guided
from scaling.diffusion.samplers import ddim, ddpm, dpm_solver
from scaling.study.timesteps import ddim_timesteps, spaced_timesteps

__all__ = ["GaussianDiffusion", "ddim", "ddim_timesteps", "ddpm", "dpm_solver", "euler", "euler_maruyama", "guided",
           "heun", "spaced_timesteps"]
