"""How are images noised, and what does the network predict? The objective and its options."""

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from scaling.study.identity import Spec, refuse

LEAST_SIGNAL = 1e-30  # of the variance at the last timestep


class DiffusionSpec(Spec):
    """The forward process, what the network predicts, and how training weights the times.

    ``ddpm``: epsilon and sigma, linear betas (DiT section 3.1). ``epsilon``: epsilon alone.
    ``flow``: the velocity of the linear path (SiT, arXiv 2401.08740), which has neither timesteps
    nor betas.
    """

    objective: Literal["ddpm", "epsilon", "flow"] = "ddpm"
    timesteps: int = Field(1000, gt=0, le=10**6)  # T
    beta_start: float = Field(1e-4, gt=0, lt=1)
    beta_end: float = Field(2e-2, gt=0, lt=1)
    # min-snr weights the loss; logit-normal changes how times are drawn
    weighting: Literal["uniform", "min-snr", "logit-normal"] = "uniform"
    min_snr_gamma: float = Field(5.0, gt=0, le=1e6)  # min-snr (arXiv 2303.09556)
    # logit-normal (SD3, arXiv 2403.03206): above 0 is towards noise
    logit_mean: float = Field(0.0, ge=-100, le=100)
    logit_std: float = Field(1.0, gt=0, le=100)

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {"weighting", "min_snr_gamma", "logit_mean", "logit_std"}
    )

    @model_validator(mode="after")
    def _check(self):
        faults = []
        if self.objective == "flow" and self.weighting == "min-snr":
            faults.append(
                "min-snr weights errors of epsilon, and a flow predicts velocity; "
                "set diffusion.weighting to logit-normal or uniform"
            )
        idle = (
            []
            if self.objective != "flow"
            else [(n, "a diffusion") for n in ("timesteps", "beta_start", "beta_end")]
        )
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
        log_left = float(
            np.log1p(-np.linspace(self.beta_start, self.beta_end, self.timesteps)).sum()
        )
        if log_left < np.log(LEAST_SIGNAL):
            faults.append(
                f"{self.timesteps} timesteps with betas {self.beta_start:g} to {self.beta_end:g} "
                f"leave less than {LEAST_SIGNAL:g} of an image's variance, which fp32 cannot hold; "
                "set diffusion.timesteps or beta_end lower"
            )
        refuse(faults)
        return self

    @property
    def learns_sigma(self) -> bool:
        return self.objective == "ddpm"
