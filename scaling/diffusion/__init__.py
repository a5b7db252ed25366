"""The processes: noising, what is learned, samplers and guidance."""

from scaling.diffusion.gaussian import GaussianDiffusion
from scaling.diffusion.guidance import guided
from scaling.diffusion.samplers import ddim, ddpm
from scaling.study.timesteps import ddim_timesteps, spaced_timesteps

__all__ = ["GaussianDiffusion", "ddim", "ddim_timesteps", "ddpm", "guided", "spaced_timesteps"]
