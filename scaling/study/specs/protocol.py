"""What does a FID mean? Everything that decides a measured value, from sampler to reference."""

from pathlib import PurePath
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints, model_validator

from scaling.study.specs import labels
from scaling.study.specs.identity import Spec, Text, refuse
from scaling.study.specs.labels import REAL
from scaling.study.specs.measured import Features, Metric

# A split of the trial's data set, of latents as the decoder makes them, or with OF_IMAGES the real
# images that they were made of; or a file of statistics or images in the format of ADM's suite.
Reference = Annotated[str, StringConstraints(pattern=r"^((train|heldout)(-images)?|.*\.npz)$")]
Sampler = Literal["ddpm", "ddim", "dpm++", "euler", "heun", "sde"]
FLOW_SAMPLERS = ("euler", "heun", "sde")
# samplers -> the fields that they alone read
OWNED: tuple[tuple[tuple[Sampler, ...], tuple[str, ...]], ...] = (
    (("ddim",), ("eta",)),
    (("ddpm",), ("ddpm_variance",)),
    (("ddpm", "ddim"), ("clip_predicted",)),
    (("sde",), ("sde_diffusion", "sde_last", "sde_last_size")),
    (("heun",), ("heun_last",)),
    (("euler", "heun"), ("time_shift",)),
)

Share = Annotated[float, Field(ge=0, le=1)]  # of a schedule


class Protocol(Spec):
    """How samples are drawn and compared.

    Values measured under different protocols (seed aside) do not belong on one axis.
    """

    samples: int = Field(1000, ge=2, le=10**7)
    # classes drawn uniformly at random, as in DiT, or equally many of each
    class_draw: Literal["random", "balanced"] = "random"
    sampling_seed: int = Field(0, ge=0, le=2**63 - 1)
    sampler: Sampler = "ddpm"  # euler, heun (ODE) and sde (SiT's) are for flow models only
    sampling_steps: int = Field(50, ge=1, le=100_000)
    eta: float = Field(0.0, ge=0, le=1)  # ddim: 0 draws no noise, 1 is ancestral sampling
    # ddpm: of a sigma that is not learned, beta_t or the posterior's (DDPM, section 3.2)
    ddpm_variance: Literal["large", "small"] = "large"
    # ddpm, ddim: what a step predicts of the image is clipped to plus and minus this (DDPM's and
    # ADM's code: 1); null: it is not
    clip_predicted: float | None = Field(None, gt=0, le=1e6)
    # sde: SiT's w(t) / 2
    sde_diffusion: Literal["sigma", "constant", "decreasing", "increasing-decreasing"] = "sigma"
    sde_last: Literal["mean", "tweedie"] = "mean"  # sde: how the last step, to the image, is taken
    sde_last_size: float = Field(0.04, gt=0, lt=1)  # sde: the length of that step in time
    # heun: its last step, to the image; euler, as JiT's code has it, saves the evaluation at time 0
    heun_last: Literal["heun", "euler"] = "heun"
    # euler, heun: the odds of noise of every time are multiplied by this (SD3, RAE); 1: equal steps
    time_shift: float = Field(1.0, gt=0, le=1e6)
    guidance: float = Field(1.0, ge=0, le=1e6)  # 1.0: none
    # null: all; DiT's released code guides 3
    guidance_channels: int | None = Field(None, ge=1, le=4096)
    # fractions of the schedule, from 0 (image) to 1 (noise); null: the whole schedule
    guidance_interval: tuple[Share, Share] | None = None
    rounding: Literal["nearest", "truncate"] = "nearest"  # to 8 bits: as DiT and SiT, or as ADM
    decoder: Text | None = None  # for latents, such as sd-vae-ft-mse; null: pixels are sampled
    # in a trial that names none, those of its data: see scaling.study.specs.usual_features
    features: Features = "digits-cnn"
    spaces: tuple[Features, ...] = ()  # fdr: feature spaces beside ``features``
    # the headline FID is against the first one
    references: tuple[Reference, ...] = Field(("train", "heldout"), min_length=1)
    # how many of the reference's images are used; null: all
    reference_images: int | None = Field(None, ge=2, le=10**9)
    # reference images for precision and recall (ADM's numbers: 10,000, and 1,000 at 512 px)
    manifold_images: int = Field(10_000, ge=4, le=10**9)
    # center-crop: crop the images of a reference folder to the samples' size, as ADM does
    transform: Literal["none", "center-crop"] = "none"
    # empty: nothing is sampled; the held-out loss is always measured
    metrics: tuple[Metric, ...] = ("fid", "kid")
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"  # of the network while sampling

    SEED: ClassVar[frozenset[str]] = frozenset({"sampling_seed"})
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {
            "eta",
            "ddpm_variance",
            "clip_predicted",
            "sde_diffusion",
            "sde_last",
            "sde_last_size",
            "heun_last",
            "time_shift",
            "guidance_interval",
            "rounding",
            "decoder",
            "reference_images",
            "manifold_images",
            "transform",
            "spaces",
        }
    )

    @model_validator(mode="after")
    def _check(self):
        fields = type(self).model_fields
        faults = []
        for samplers, owned in OWNED:
            idle = [
                name
                for name in owned
                if self.sampler not in samplers and getattr(self, name) != fields[name].default
            ]
            of = " or ".join(map(repr, samplers))
            faults += [
                f"{name} {getattr(self, name)!r} belongs to the sampler {of}, "
                f"not to {self.sampler!r}; leave it at {fields[name].default!r}"
                for name in idle
            ]
        if (
            self.guidance_interval is not None
            and not 0 <= self.guidance_interval[0] < self.guidance_interval[1] <= 1
        ):
            faults.append(
                f"guidance_interval {list(self.guidance_interval)} is not two rising fractions of "
                "the schedule in 0 .. 1"
            )
        faults += [
            f"{name} has one twice: {', '.join(getattr(self, name))}; give each once"
            for name in ("references", "metrics", "spaces")
            if len(set(getattr(self, name))) < len(getattr(self, name))
        ]
        faults += self._faults_of_spaces()
        refuse(faults)
        return self

    def _faults_of_spaces(self) -> list[str]:
        """What does not hold of the feature spaces of FDr."""
        next_step = "set evaluate.protocol.spaces"
        if self.spaces and self.metrics and "fdr" not in self.metrics:
            return [
                f"only the metric fdr uses spaces {list(self.spaces)}; leave them out or add it"
            ]
        if "fdr" not in self.metrics:
            return []
        if not self.spaces:
            return [
                f"fdr is a mean over feature spaces, and there is only {self.features}; {next_step}"
            ]
        if self.features in self.spaces:
            return [f"{self.features} is in features and in spaces; {next_step} to the others"]
        if files := [name for name in self.references if name.endswith(".npz")]:
            return [
                "fdr compares with the train and held-out images of the data; references names "
                f"{files[0]}: leave fdr or the file out"
            ]
        return []

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        """As for any spec, except that a reference file counts by its name, wherever it lies."""
        fields = super().identity_fields(exclude)
        if "references" in fields:
            fields["references"] = [PurePath(reference).name for reference in self.references]
        return fields

    @property
    def comparable(self) -> dict:
        """What two measured values must share to be compared.

        Against real images alone, that is not the decoder: it is part of what is measured.
        """
        if self.against_images:
            return self.identity_fields(exclude=self.SEED | {"decoder"})
        return self.identity_fields(exclude=self.SEED)

    @property
    def against_images(self) -> bool:
        """Whether all that is measured is against the real images of the data, decoded by none."""
        return set(self.references) <= set(REAL)

    @property
    def guided(self) -> bool:
        return self.guidance != 1.0

    @property
    def forwards(self) -> int:
        """Network evaluations per image, guidance aside; Heun's method takes two per step, and one
        in a last step of Euler's.
        """
        if self.sampler != "heun":
            return self.sampling_steps
        return 2 * self.sampling_steps - (self.heun_last == "euler")

    def features_of(self, metric: str) -> str:
        """The extractor behind a metric.

        sFID always uses Inception and CMMD always uses CLIP, whatever ``features`` is.
        """
        if metric == "sfid":
            return "inception"
        return (
            "clip-vit-l-14-336px"
            if metric == "cmmd" and not self.features.startswith("clip")
            else self.features
        )

    def spaces_of(self, metric: str) -> tuple[str, ...]:
        """All extractors behind a metric; fdr alone has more than one."""
        return (self.features_of(metric), *(self.spaces if metric == "fdr" else ()))

    def label(
        self,
        metric: str = "fid",
        reference: str | None = None,
        over: str | None = None,
        made_by: str | None = None,
        clips: bool = False,
    ) -> str:
        """For axes and tables: ``FID-50K, ddpm250, cfg 1.0, inception, vs train``.

        ``made_by`` is the VAE that made the latents; it is told where the decoder is another one.
        ``clips``: the samples are clips, and all metrics but ``clip_fd`` are over their frames.

        ``over``, ``"steps"`` or ``"guidance"``, leaves out the setting that varies along an axis.
        rFID draws no samples, so its label is ``rFID, sd-vae-ft-mse, inception, vs train``.
        """
        return labels.label(self, metric, reference, over, made_by, clips)

    @property
    def short(self) -> str:
        """How images are sampled, in short: ``ddpm50, cfg 1.0``."""
        return self.sampling()

    def sampling(self, over: str | None = None, made_by: str | None = None) -> str:
        """How images are sampled; ``over`` and ``made_by`` as in ``label``. Defaults are left
        out.
        """
        return labels.sampling(self, over, made_by)
