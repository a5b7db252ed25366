"""What must a process offer so that a network can be trained on it? Times, noising and losses."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from scaling.study.specs.trial import DiffusionSpec


def over(values: Tensor, x: Tensor) -> Tensor:
    """``values`` (B,), one per image, shaped to broadcast over ``x`` (B, ...)."""
    return values.view(-1, *[1] * (x.ndim - 1))


class Process(ABC):
    """What training and the held-out loss need from an objective.

    A *time* (B,) is the timestep 0 .. T - 1 of a diffusion, or t in 0 .. 1 of a flow. The network
    receives what ``told`` makes of it.
    """

    spec: DiffusionSpec

    @abstractmethod
    def at_fraction(self, fraction: Tensor) -> Tensor:
        """Times (B,) at fractions (B,) of the schedule: 0 is the image, 1 pure noise."""

    def told(self, time: Tensor) -> Tensor:
        """What the network is told (B,) of times (B,)."""
        return time

    def sampled(self, out: Tensor, x: Tensor, time: Tensor) -> Tensor:
        """What the samplers read of the network's output ``out`` at ``x`` and ``time`` (B,)."""
        return out

    @abstractmethod
    def q_sample(self, x0: Tensor, time: Tensor, noise: Tensor) -> Tensor:
        """x_0 (B, C, ...) noised to ``time`` (B,)."""

    @abstractmethod
    def losses(
        self, out: Tensor, x0: Tensor, x_t: Tensor, time: Tensor, noise: Tensor
    ) -> dict[str, Tensor]:
        """Unweighted losses per image, each (B,).

        ``mse`` is on what the network predicts; ``loss`` is the objective.
        """

    @abstractmethod
    def _uniform(self, count: int, generator: torch.Generator) -> Tensor: ...

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """The times (count,) of a training batch: uniform or logit-normal.

        Source of the latter: SD3, arXiv 2403.03206, eq. 19.
        """
        if self.spec.weighting != "logit-normal":
            return self._uniform(count, generator)
        normal = torch.randn(count, generator=generator)
        return self.at_fraction(torch.sigmoid(self.spec.logit_mean + self.spec.logit_std * normal))

    def weighted(self, losses: dict[str, Tensor], time: Tensor) -> Tensor:
        """What training minimises, (B,): ``loss``, its ``mse`` weighted if the spec says so."""
        return losses["loss"]
