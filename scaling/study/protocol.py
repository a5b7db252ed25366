"""What does a FID mean? All that decides a measured figure: samples, sampler, guidance, EMA, features, references."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from scaling.study.base import Spec

Reference = Literal["train", "heldout"]
Metric = Literal["fid", "kid"]


class Ema(Spec):
    """Which average of the weights is sampled.

    ``power``: beta_t = (1 - 1/t)^(gamma + 1), whose standard deviation is the fraction ``length`` of the training so
    far at every step (EDM2, arXiv 2312.02696, section 3.1): warmed up by construction and the same for any run length.
    ``decay``: the classic fixed decay ``length`` (0.9999 in DiT). ``none``: the raw weights; ``length`` is 0.
    """

    kind: Literal["power", "decay", "none"] = "power"
    length: float = Field(0.05, ge=0, lt=1)

    @model_validator(mode="after")
    def _check(self):
        if self.kind == "none" and self.length != 0:
            raise ValueError(f"ema kind 'none' has no length, got {self.length}; set length to 0")
        # Above 1/sqrt(12) no gamma >= 0 exists: that is the spread of a flat average.
        if self.kind == "power" and not 0 < self.length <= 0.28:
            raise ValueError(f"a power EMA's length is a fraction of training in (0, 0.28], got {self.length}")
        return self

    @property
    def label(self) -> str:
        return "raw weights" if self.kind == "none" else f"ema-{self.kind}-{self.length:g}"


class Protocol(Spec):
    """How samples are drawn and compared. Figures of different protocols (seed aside) do not belong on one axis."""

    samples: int = Field(1000, ge=2)
    class_draw: Literal["random", "balanced"] = "random"   # uniformly at random, as in DiT, or equally many of each
    sampling_seed: int = Field(0, ge=0)
    sampler: Literal["ddpm", "ddim"] = "ddpm"
    sampling_steps: int = Field(50, ge=1)
    guidance: float = Field(1.0, ge=0)                     # 1.0: none
    guidance_channels: int | None = Field(None, ge=1)      # null: all; 3 is DiT's released behaviour
    features: Literal["digits-cnn"] = "digits-cnn"
    references: tuple[Reference, ...] = Field(("train", "heldout"), min_length=1)  # the first is the headline's
    metrics: tuple[Metric, ...] = ("fid", "kid")           # held-out loss is always measured; empty: nothing is sampled
    precision: Literal["fp32"] = "fp32"

    SEED: ClassVar[frozenset[str]] = frozenset({"sampling_seed"})

    @property
    def comparable(self) -> dict:
        """What two figures must share to be compared."""
        return self.identity_fields(exclude=self.SEED)

    def label(self, metric: str = "FID", reference: str | None = None) -> str:
        """For axes and tables: ``FID, digits-cnn, N=1000, vs train``."""
        return f"{metric}, {self.features}, N={self.samples}, vs {reference or self.references[0]}"

    @property
    def short(self) -> str:
        """The sampling side: ``ddpm50, cfg 1.0``."""
        return f"{self.sampler}{self.sampling_steps}, cfg {self.guidance:.1f}"
