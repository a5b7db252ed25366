"""Which average of the weights is sampled?"""

from typing import Literal

from pydantic import Field, model_validator

from scaling.study.specs.identity import Spec


class Ema(Spec):
    """Which average of the weights is sampled.

    ``power``: beta_t = (1 - 1/t)^(gamma + 1). At every step the standard deviation of the averaging
    profile is the fraction ``length`` of the training so far (EDM2, arXiv 2312.02696, section 3.1).
    It needs no warmup and is the same for any run length.

    ``decay``: the classic fixed decay ``length`` (0.9999 in DiT).

    ``none``: the raw weights; ``length`` is 0.
    """

    kind: Literal["power", "decay", "none"] = "power"
    length: float = Field(0.05, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self):
        if self.kind == "none" and self.length != 0:
            raise ValueError(f"ema kind 'none' has no length, got {self.length}; set length to 0")
        if self.kind == "decay" and self.length == 0:
            raise ValueError("a decay of 0 averages nothing; set kind to none")
        # No gamma >= 0 exists above 1/sqrt(12), which is the spread of a flat average.
        if self.kind == "power" and not 0 < self.length <= 0.28:
            raise ValueError(
                f"a power EMA's length is a fraction of training in (0, 0.28], got {self.length}"
            )
        return self

    @property
    def label(self) -> str:
        return "raw weights" if self.kind == "none" else f"ema-{self.kind}-{self.length:g}"
