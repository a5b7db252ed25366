"""How is an image noised, and what is learned? DDPM's Gaussian process.

The network predicts epsilon, or v or x in its place, and, if asked, sigma. Sources: DDPM (Ho et
al., arXiv 2006.11239), improved DDPM (Nichol & Dhariwal, 2102.09672: learned sigma; no gradient of
the bound reaches epsilon), as used by DiT (2212.09748). All tables are computed in float64 and used
in float32.
"""

import math

import numpy as np
import torch
from torch import Tensor

from scaling.diffusion.gaussian_predictions import FACTORS, NOISES, TARGETS
from scaling.diffusion.process import Process, over
from scaling.study.specs.trial import DiffusionSpec


class GaussianDiffusion(Process):
    """A discrete diffusion process, possibly respaced.

    ``timesteps`` are the original timesteps that are kept; the network always receives those. Index
    ``i`` of this object's tables runs over them in ascending order.
    """

    def __init__(self, spec: DiffusionSpec, learn_sigma: bool, keep: list[int] | None = None):
        self.spec = spec
        alpha_bar = np.cumprod(1.0 - spec.betas())
        self.learn_sigma = learn_sigma
        self.timesteps = list(range(spec.timesteps)) if keep is None else sorted(keep)
        alpha_bar = alpha_bar[self.timesteps]
        previous = np.append(1.0, alpha_bar[:-1])
        betas = 1.0 - alpha_bar / previous
        self.betas = betas  # (len,) float64
        alphas = 1.0 - betas
        posterior_variance = betas * (1.0 - previous) / (1.0 - alpha_bar)
        # The first posterior variance is 0, so the second's log replaces its own (improved DDPM).
        clipped = (
            np.append(posterior_variance[1], posterior_variance[1:]) if len(betas) > 1 else betas
        )
        self._tables = {
            "alpha_bar": alpha_bar,
            "alpha_bar_previous": previous,
            "sqrt_alpha_bar": np.sqrt(alpha_bar),
            "sqrt_one_minus_alpha_bar": np.sqrt(1.0 - alpha_bar),
            "sqrt_recip_alpha_bar": np.sqrt(1.0 / alpha_bar),
            "sqrt_recip_alpha_bar_minus_one": np.sqrt(1.0 / alpha_bar - 1.0),
            "posterior_log_variance": np.log(clipped),
            "log_beta": np.log(betas),
            "posterior_mean_x0": betas * np.sqrt(previous) / (1.0 - alpha_bar),
            "posterior_mean_xt": (1.0 - previous) * np.sqrt(alphas) / (1.0 - alpha_bar),
            "min_snr_weight": np.minimum(1.0, spec.min_snr_gamma * (1.0 - alpha_bar) / alpha_bar),
        }
        self._device_tables: dict[torch.device, dict[str, Tensor]] = {}

    def __len__(self) -> int:
        return len(self.timesteps)

    def at(self, name: str, index: Tensor, x: Tensor | None = None) -> Tensor:
        """The table ``name`` at ``index`` (B,), shaped to broadcast over ``x`` (B, ...) if any."""
        if index.device not in self._device_tables:
            self._device_tables[index.device] = {
                k: torch.from_numpy(v).float().to(index.device) for k, v in self._tables.items()
            }
        values = self._device_tables[index.device][name][index]
        return values if x is None else over(values, x)

    def at_fraction(self, fraction: Tensor) -> Tensor:
        return (fraction * len(self)).long().clamp(max=len(self) - 1)

    def _uniform(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randint(len(self), (count,), generator=generator)

    def weighted(self, losses: dict[str, Tensor], time: Tensor) -> Tensor:
        """The loss (B,); min-SNR weighting multiplies its epsilon part by min(SNR, gamma) / SNR.

        Source: arXiv 2303.09556, eq. 8. The spec has it for losses in epsilon alone.
        """
        if self.spec.weighting != "min-snr":
            return losses["loss"]
        return losses["loss"] + (self.at("min_snr_weight", time) - 1) * self._part(losses, time)

    def q_sample(self, x0: Tensor, index: Tensor, noise: Tensor) -> Tensor:
        """x_t given x_0 (B, C, ...): DDPM eq. 4."""
        return (
            self.at("sqrt_alpha_bar", index, x0) * x0
            + self.at("sqrt_one_minus_alpha_bar", index, noise) * noise
        )

    def _paths(self, index: Tensor, x: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """How much of x_t is image and how much noise, as ``at``."""
        names = ("sqrt_alpha_bar", "sqrt_one_minus_alpha_bar")
        a, s = (self.at(name, index, x) for name in names)
        return a, s

    def sampled(self, out: Tensor, x: Tensor, time: Tensor) -> Tensor:
        """The output ``out`` at ``x`` and ``time`` (B,) as if epsilon had been predicted."""
        if self.spec.predicted == "epsilon":
            return out
        told, values = self.split(out)
        eps = NOISES[self.spec.predicted](told, x, *self._paths(time, x))
        return eps if values is None else torch.cat([eps, values.to(eps.dtype)], dim=1)

    def _part(self, losses: dict[str, Tensor], index: Tensor) -> Tensor:
        """The part (B,) of the loss that is not the bound: the error of what the spec says."""
        pair = self.spec.predicted, self.spec.loss_of
        if pair[0] == pair[1]:
            return losses["mse"]
        return FACTORS[pair](*self._paths(index)).square() * losses["mse"]

    def split(self, out: Tensor) -> tuple[Tensor, Tensor | None]:
        """The network's output (B, C or 2C, ...) as what is predicted and the variance part.

        The latter is None if sigma is not learned.
        """
        return tuple(out.chunk(2, dim=1)) if self.learn_sigma else (out, None)

    def predicted_x0(self, x_t: Tensor, index: Tensor, eps: Tensor) -> Tensor:
        return (
            self.at("sqrt_recip_alpha_bar", index, x_t) * x_t
            - self.at("sqrt_recip_alpha_bar_minus_one", index, eps) * eps
        )

    def posterior_mean(self, x0: Tensor, x_t: Tensor, index: Tensor) -> Tensor:
        """The mean of q(x_{t-1} | x_t, x_0): DDPM eq. 7."""
        of_x0 = self.at("posterior_mean_x0", index, x0) * x0
        return of_x0 + self.at("posterior_mean_xt", index, x_t) * x_t

    def log_variance(
        self, values: Tensor | None, index: Tensor, x: Tensor, small: bool = False
    ) -> Tensor:
        """log sigma^2 of p(x_{t-1} | x_t).

        If sigma is learned, it is interpolated in log space (2102.09672, eq. 15); otherwise it is
        that of beta_t, or with ``small`` the posterior's (DDPM, section 3.2).
        """
        low, high = (self.at(name, index, x) for name in ("posterior_log_variance", "log_beta"))
        if values is None:
            return low if small else high
        fraction = (values + 1) / 2
        return fraction * high + (1 - fraction) * low

    def losses(
        self, out: Tensor, x0: Tensor, x_t: Tensor, index: Tensor, noise: Tensor
    ) -> dict[str, Tensor]:
        """Training losses per image, each (B,).

        ``mse`` is on what is predicted, ``vb`` is in bits per dimension, and ``loss`` is the sum of
        the error of what the spec says and ``vb``.
        """
        told, values = self.split(out)
        predicted, paths = self.spec.predicted, self._paths(index, x0)
        target = TARGETS[predicted](x0, noise, *paths)
        losses = {"mse": (told - target).square().flatten(1).mean(1)}
        part = self._part(losses, index)
        if values is None:
            return losses | {"loss": part}
        eps = NOISES[predicted](told.detach(), x_t, *paths)
        vb = self._bound(eps, values, x0, x_t, index)
        return losses | {"vb": vb, "loss": part + vb}

    def _bound(self, eps: Tensor, values: Tensor, x0: Tensor, x_t: Tensor, index: Tensor) -> Tensor:
        """One term of the variational bound (B,), in bits per dimension.

        At index 0 it is the decoder's negative log-likelihood.
        """
        true_mean = self.posterior_mean(x0, x_t, index)
        true_log_variance = self.at("posterior_log_variance", index, x0)
        mean = self.posterior_mean(self.predicted_x0(x_t, index, eps), x_t, index)
        log_variance = self.log_variance(values, index, x_t)
        kl = 0.5 * (
            -1.0
            + log_variance
            - true_log_variance
            + torch.exp(true_log_variance - log_variance)
            + (true_mean - mean).square() * torch.exp(-log_variance)
        )
        nll = -_discretised_log_likelihood(x0, mean, 0.5 * log_variance)
        bits = torch.where(over(index, x0) == 0, nll, kl) / math.log(2.0)
        return bits.flatten(1).mean(1)


def _discretised_log_likelihood(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log P of 8-bit pixels in [-1, 1] under a Gaussian integrated over each pixel's bin.

    Source: DDPM eq. 13.
    """

    def cdf(z: Tensor) -> Tensor:  # the tanh approximation that the published losses use
        return 0.5 * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (z + 0.044715 * z**3)))

    inverse_scale = torch.exp(-log_scale)
    above = cdf(inverse_scale * (x - mean + 1.0 / 255.0))
    below = cdf(inverse_scale * (x - mean - 1.0 / 255.0))
    probability = torch.where(x < -0.999, above, torch.where(x > 0.999, 1.0 - below, above - below))
    return probability.clamp(min=1e-12).log()
