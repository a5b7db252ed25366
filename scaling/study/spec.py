"""What is a trial? Frozen, complete descriptions of a model, its training and its evaluation, and
their identities.

Pure data: neither torch nor Ray is imported here. Two identities are derived, each the hash of
canonical JSON:

* ``train_id``: model, data, diffusion, optimiser, schedule, seed; the number of steps only if the
  schedule has a horizon;
* ``eval_id``: train_id, step, EMA, protocol.

Which machine a trial runs on, how often it logs and which version of the code runs it are
provenance, not identity.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from scaling.study.families import ModelSpec as ModelSpec
from scaling.study.families import network_of
from scaling.study.identity import Spec, identity
from scaling.study.network import LATENT_FACTOR, Network
from scaling.study.protocol import Ema, Protocol

Source = Literal[
    "digits",
    "mnist",
    "fashion-mnist",
    "cifar10",
    "cifar100",
    "folder",
    "latents",
    "synthetic",
    "synthetic-pixels",
]


class DataSpec(Spec):
    """Which images. The split into training and held-out images is fixed by the source, not by the
    seed.

    ``path`` says where the data lies on a machine and is not identity. What the images are is: for
    folders and latent stores their ``name``, ``size`` and ``vae``, and, where two of the same name
    must be told apart, ``content``.
    """

    source: Source = "digits"
    # folder of the images, store or downloads; null: below $DIT_SCALING_DATA, or ./data
    path: str | None = None
    name: str | None = None  # folder, latents: what the images are, such as imagenet
    # where the source fixes none: pixels per side, after the crop, before any VAE
    size: int | None = Field(None, gt=0)
    # latents: the VAE's name or identity, as `scaling encode` wrote it in the store
    vae: str | None = None
    # folder, latents: the identity of the content, checked; null: any of that name
    content: str | None = None
    flip: bool = False  # horizontally, half of the draws
    # folder: enlarge images smaller than the crop, as ADM does, instead of refusing them
    upscale: bool = False

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {"name", "size", "vae", "content", "flip", "upscale"}
    )
    PLACEMENT: ClassVar[frozenset[str]] = frozenset({"path"})

    @model_validator(mode="after")
    def _check(self):
        takes = {
            "folder": {"name", "size", "content", "upscale"},
            "latents": {"name", "size", "vae", "content"},
            "synthetic": {"size"},
            "synthetic-pixels": {"size"},
        }.get(self.source, set())
        for name in ("name", "size", "vae"):
            if name in takes and getattr(self, name) is None:
                raise ValueError(f"source {self.source!r} needs a {name}; set data.{name}")
        for name in ("name", "size", "vae", "content", "upscale"):
            if name not in takes and getattr(self, name):
                raise ValueError(
                    f"source {self.source!r} has no {name}, got {getattr(self, name)!r}; leave "
                    f"data.{name} out"
                )
        if self.source == "synthetic" and self.size % LATENT_FACTOR:
            raise ValueError(
                f"synthetic latents are {LATENT_FACTOR} times smaller than their images: size "
                f"{self.size} "
                f"is not a multiple of {LATENT_FACTOR}"
            )
        if self.flip and self.source in ("digits", "mnist"):
            raise ValueError(
                f"a flipped digit is no digit: source {self.source!r} allows no flip; leave "
                "data.flip out"
            )
        return self

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        return super().identity_fields(exclude | self.PLACEMENT)


class DiffusionSpec(Spec):
    """The forward process, what the network predicts, and which times count how much.

    ``ddpm``: epsilon and sigma, linear betas (DiT section 3.1). ``epsilon``: epsilon alone.
    ``flow``: the velocity of the linear path (SiT, arXiv 2401.08740), which has neither timesteps
    nor betas.
    """

    objective: Literal["ddpm", "epsilon", "flow"] = "ddpm"
    timesteps: int = Field(1000, gt=0)  # T
    beta_start: float = Field(1e-4, gt=0, lt=1)
    beta_end: float = Field(2e-2, gt=0, lt=1)
    # min-snr weights, logit-normal draws the times
    weighting: Literal["uniform", "min-snr", "logit-normal"] = "uniform"
    min_snr_gamma: float = Field(5.0, gt=0)  # of min-snr (arXiv 2303.09556)
    logit_mean: float = 0.0  # of logit-normal (SD3, arXiv 2403.03206): above 0 is towards noise
    logit_std: float = Field(1.0, gt=0)

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {"weighting", "min_snr_gamma", "logit_mean", "logit_std"}
    )

    @model_validator(mode="after")
    def _check(self):
        if self.objective == "flow" and self.weighting == "min-snr":
            raise ValueError(
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
                raise ValueError(
                    f"{name} {getattr(self, name)!r} belongs to {owner}; leave diffusion.{name} at "
                    f"{usual!r}"
                )
        return self

    @property
    def learns_sigma(self) -> bool:
        return self.objective == "ddpm"


class TrainSpec(Spec):
    """How the weights are found. ``steps`` enters the identity only if the learning-rate schedule
    has a horizon.
    """

    steps: int = Field(ge=1)
    batch: int = Field(ge=1)  # images per step
    lr: float = Field(gt=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0)
    warmup_steps: int = Field(0, ge=0)  # linear, from 0 to lr
    schedule: Literal["constant", "wsd", "cosine"] = "constant"  # wsd: warmup, stable, decay
    # of wsd: the fraction of ``steps`` over which the rate falls to 0
    cooldown: float = Field(0.2, gt=0, lt=1)
    grad_clip: float | None = Field(None, gt=0)  # largest gradient norm; null: no clipping
    label_dropout: float = Field(0.1, ge=0, lt=1)
    # bf16 by autocast; weights, averages, held-out loss in fp32
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    seed: int = Field(0, ge=0)
    emas: tuple[Ema, ...] = ()  # averages kept in the checkpoints besides those that are evaluated
    log_every: int = Field(50, ge=1)  # steps between lines of the curve
    heldout_every: int = Field(100, ge=1)  # steps between held-out losses of the curve
    checkpoint_every: int = Field(500, ge=1)  # steps; evaluated steps are always checkpointed

    NOT_IDENTITY: ClassVar[frozenset[str]] = frozenset(
        {"steps", "log_every", "heldout_every", "checkpoint_every", "emas"}
    )
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset({"cooldown"})

    @model_validator(mode="after")
    def _check(self):
        usual = type(self).model_fields["cooldown"].default
        if self.schedule != "wsd" and self.cooldown != usual:
            raise ValueError(
                f"cooldown {self.cooldown} belongs to the schedule 'wsd'; leave train.cooldown at "
                f"{usual}"
            )
        if (
            self.schedule == "wsd"
            and not max(1, self.warmup_steps) <= self.branch_step < self.steps
        ):
            raise ValueError(
                f"a cooldown of {self.cooldown} of {self.steps} steps begins at step "
                f"{self.branch_step}, "
                f"which is not after the warmup of {self.warmup_steps} and before the end; set "
                "train.cooldown"
            )
        return self

    @property
    def has_horizon(self) -> bool:
        return self.schedule != "constant"

    @property
    def branch_step(self) -> int:
        """Of wsd: the steps taken when the rate begins to fall."""
        return self.steps - round(self.steps * self.cooldown)


class EvaluationSpec(Spec):
    """When and how the trial is measured: at ``checkpoints`` evenly spaced steps, or every
    ``every`` steps and at the end.
    """

    checkpoints: int = Field(1, ge=1)
    every: int | None = Field(None, ge=1)
    ema: Ema = Ema()
    protocol: Protocol = Protocol()

    def steps(self, total: int) -> tuple[int, ...]:
        """The evaluated steps of a training of ``total`` steps, ascending, the last one always
        ``total``.
        """
        if self.every is not None:
            return tuple(sorted({*range(self.every, total + 1, self.every), total}))
        return tuple(
            sorted(
                {
                    max(1, round(total * k / self.checkpoints))
                    for k in range(1, self.checkpoints + 1)
                }
            )
        )


class TrialSpec(Spec):
    """One point of a study: what is trained, for how long, and how it is measured."""

    model: Annotated[SerializeAsAny[Network], BeforeValidator(network_of)]
    data: DataSpec = DataSpec()
    diffusion: DiffusionSpec = DiffusionSpec()
    train: TrainSpec
    evaluate: EvaluationSpec = EvaluationSpec()

    @model_validator(mode="after")
    def _check(self):
        if self.model.learn_sigma != self.diffusion.learns_sigma:
            does, should, fits = (
                ("learns", "true", "epsilon or flow")
                if self.diffusion.learns_sigma
                else ("has no", "false", "ddpm")
            )
            raise ValueError(
                f"objective {self.diffusion.objective!r} {does} sigma, but model.learn_sigma is "
                f"{str(self.model.learn_sigma).lower()}; set model.learn_sigma={should}, "
                f"or diffusion.objective to {fits}"
            )
        return self

    @property
    def train_id(self) -> str:
        left_out = TrainSpec.NOT_IDENTITY - ({"steps"} if self.train.has_horizon else set())
        return identity(
            {
                "model": self.model.identity_fields(),
                "data": self.data.identity_fields(),
                "diffusion": self.diffusion.identity_fields(),
                "train": self.train.identity_fields(exclude=left_out),
            }
        )

    @property
    def trunk(self) -> "TrialSpec | None":
        """The training at constant rate from which a cooldown branches, up to there; None of other
        schedules.
        """
        if self.train.schedule != "wsd":
            return None
        usual = TrainSpec.model_fields["cooldown"].default
        fields = {"schedule": "constant", "cooldown": usual, "steps": self.train.branch_step}
        return self.model_copy(update={"train": self.train.model_copy(update=fields)})

    @property
    def eval_steps(self) -> tuple[int, ...]:
        """The evaluated steps; of a cooldown those of its own alone: before, it is its trunk."""
        own_from = self.train.branch_step if self.train.schedule == "wsd" else 0
        return tuple(step for step in self.evaluate.steps(self.train.steps) if step > own_from)

    def eval_id(self, step: int) -> str:
        """The identity of the measurement of this trial at ``step``."""
        return identity(
            {
                "train_id": self.train_id,
                "step": step,
                "ema": self.evaluate.ema.identity_fields(),
                "protocol": self.evaluate.protocol.identity_fields(),
            }
        )

    @property
    def trial_id(self) -> str:
        """Readable and unique: model, seed, and the hash of the whole question asked of it."""
        asked = identity(
            [self.train_id, self.train.steps, [self.eval_id(s) for s in self.eval_steps]]
        )
        return f"{self.model.slug}-s{self.train.seed}-{asked[:8]}"

    @property
    def images(self) -> int:
        return self.train.steps * self.train.batch
