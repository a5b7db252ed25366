"""The processes: noising, what is learned, samplers and guidance."""

from scaling.diffusion.gaussian import GaussianDiffusion, ddim_timesteps, spaced_timesteps
from scaling.diffusion.guidance import guided
from scaling.diffusion.samplers import ddim, ddpm

__all__ = ["GaussianDiffusion", "ddim", "ddim_timesteps", "ddpm", "guided", "spaced_timesteps"]
