"""How are images noised, and what does the network predict? The objective and its options."""

import functools
import math
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from scaling.study.specs.identity import Spec, refuse

Prediction = Literal["epsilon", "v", "x"]
BetaSchedule = Literal["linear", "scaled_linear"]
USUAL = {"ddpm": "epsilon", "epsilon": "epsilon", "flow": "v"}  # objective -> what it predicts
LEAST_SIGNAL = 1e-30  # of the variance at the last timestep


class DiffusionSpec(Spec):
    """The forward process, what the network predicts, and how training weights the times.

    ``ddpm``: epsilon and sigma (DiT section 3.1). ``epsilon``: epsilon alone. ``flow``: the linear
    path (SiT, arXiv 2401.08740), which has neither timesteps nor betas; its network predicts the
    velocity. What ``prediction`` says is predicted in place of epsilon or the velocity.
    """

    objective: Literal["ddpm", "epsilon", "flow"] = "ddpm"
    timesteps: int = Field(1000, gt=0, le=10**6)  # T
    beta_start: float = Field(1e-4, gt=0, lt=1)
    beta_end: float = Field(2e-2, gt=0, lt=1)
    # linear: as DDPM; scaled_linear: their square roots rise linearly (LDM, arXiv 2112.10752)
    beta_schedule: BetaSchedule = "linear"
    # min-snr weights the loss; logit-normal changes how times are drawn
    weighting: Literal["uniform", "min-snr", "logit-normal"] = "uniform"
    min_snr_gamma: float = Field(5.0, gt=0, le=1e6)  # min-snr (arXiv 2303.09556)
    # logit-normal (SD3, arXiv 2403.03206): above 0 is towards noise
    logit_mean: float = Field(0.0, ge=-100, le=100)
    logit_std: float = Field(1.0, gt=0, le=100)
    # flow: the network is told t times this. SiT's weights know t itself, in 0 .. 1; an embedding
    # made for 1,000 timesteps tells times better apart at 1000.
    time_scale: float = Field(1.0, gt=0, le=1e6)
    # flow: the odds of noise of every time of training are multiplied by this (SD3, and RAE by the
    # latent's dimension); 1: as drawn
    time_shift: float = Field(1.0, gt=0, le=1e6)

    # What the network predicts, and of what the loss is the error (JiT, arXiv 2511.13720: x, and
    # v). v is a flow's velocity, noise - image, and of a diffusion a epsilon - s x (2202.00512).
    # Null: what the objective usually does; the error of what is predicted.
    prediction: Prediction | None = None
    loss_in: Prediction | None = None

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {
            "beta_schedule",
            "weighting",
            "min_snr_gamma",
            "logit_mean",
            "logit_std",
            "time_scale",
            "time_shift",
            "prediction",
            "loss_in",
        }
    )

    @model_validator(mode="before")
    @classmethod
    def _usual_is_null(cls, data: Any) -> Any:
        """What is usual has one spelling, so that the same question has one identity."""
        if not isinstance(data, dict):
            return data
        usual = USUAL.get(str(data.get("objective", "ddpm")))  # a list is refused later
        fields = dict(data)
        if fields.get("loss_in") == (fields.get("prediction") or usual):
            fields["loss_in"] = None
        if fields.get("prediction") == usual:
            fields["prediction"] = None
        return fields

    @model_validator(mode="after")
    def _check(self):
        faults = []
        if self.objective == "flow" and self.weighting == "min-snr":
            faults.append(
                "min-snr weights errors of epsilon, and a flow predicts velocity; "
                "set diffusion.weighting to logit-normal or uniform"
            )
        elif self.weighting == "min-snr" and self.loss_of != "epsilon":
            faults.append(
                f"min-snr weights errors of epsilon, and the loss is of {self.loss_of}; set "
                "diffusion.loss_in to epsilon, or diffusion.weighting to logit-normal or uniform"
            )
        idle = (
            []
            if self.objective != "flow"
            else [
                (n, "a diffusion") for n in ("timesteps", "beta_start", "beta_end", "beta_schedule")
            ]
        )
        flows = ("time_scale", "time_shift")
        idle += [(name, "a flow") for name in flows] if self.objective != "flow" else []
        idle += [] if self.weighting == "min-snr" else [("min_snr_gamma", "min-snr weighting")]
        idle += (
            []
            if self.weighting == "logit-normal"
            else [(n, "logit-normal times") for n in ("logit_mean", "logit_std")]
        )
        for name, owner in idle:
            usual = type(self).model_fields[name].default
            if getattr(self, name) != usual:
                faults.append(
                    f"{name} {getattr(self, name)!r} belongs to {owner}; leave diffusion.{name} at "
                    f"{usual!r}"
                )
        if self.beta_end < self.beta_start:
            faults.append(
                f"beta_end {self.beta_end:g} is below beta_start {self.beta_start:g}: noise would "
                "be added ever slower; set diffusion.beta_start and beta_end"
            )
        if _log_signal(*self._schedule) < math.log(LEAST_SIGNAL):
            faults.append(
                f"{self.timesteps} timesteps with betas {self.beta_start:g} to {self.beta_end:g} "
                f"leave less than {LEAST_SIGNAL:g} of an image's variance, which fp32 cannot hold; "
                "set diffusion.timesteps or beta_end lower"
            )
        refuse(faults)
        return self

    @property
    def _schedule(self) -> tuple[float, float, int, BetaSchedule]:
        return self.beta_start, self.beta_end, self.timesteps, self.beta_schedule

    def betas(self) -> np.ndarray:
        """Of a diffusion: the variance (T,) that each timestep adds, float64."""
        return betas_of(*self._schedule)

    @property
    def betas_in_words(self) -> str:
        """Such as "betas 0.0001 to 0.02, linear"."""
        return f"betas {self.beta_start:g} to {self.beta_end:g}, {self.beta_schedule}"

    @property
    def predicted(self) -> str:
        """What the network predicts."""
        return self.prediction or USUAL[self.objective]

    @property
    def loss_of(self) -> str:
        """Of what the loss is the error."""
        return self.loss_in or self.predicted

    @property
    def prediction_in_words(self) -> str:
        """Such as "x predicted, loss in v"; empty where both are the objective's usual ones."""
        words = [f"{self.prediction} predicted"] if self.prediction else []
        return ", ".join(words + ([f"loss in {self.loss_in}"] if self.loss_in else []))

    @property
    def learns_sigma(self) -> bool:
        return self.objective == "ddpm"


@functools.lru_cache(1000)
def _log_signal(start: float, end: float, timesteps: int, schedule: BetaSchedule) -> float:
    """The logarithm of the share of an image's variance that is left at the last timestep."""
    return float(np.log1p(-betas_of(start, end, timesteps, schedule)).sum())


def betas_of(start: float, end: float, timesteps: int, schedule: BetaSchedule) -> np.ndarray:
    """The variances (T,) that the timesteps add, float64, from ``start`` to ``end``."""
    if schedule == "scaled_linear":
        return np.linspace(start**0.5, end**0.5, timesteps, dtype=np.float64) ** 2
    return np.linspace(start, end, timesteps, dtype=np.float64)
