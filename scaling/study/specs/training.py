"""How is a model trained, and when is it measured?"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from scaling.study.specs.ema import Ema
from scaling.study.specs.identity import Spec, refuse
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.weights import InitSpec

MOST_STEPS, MOST_EVALUATIONS = 10**9, 10_000  # of one training
MOST_SEED = 2**63 - 1  # what every generator and table holds

Stream = Literal["init", "order", "noise"]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Steps = Annotated[int, Field(ge=1, le=MOST_STEPS)]


Seed = Annotated[int, Field(ge=0, le=MOST_SEED)]


class StreamSeeds(Spec):
    """Seeds of single random streams; null: ``TrainSpec.seed``. Sampling has a protocol's seed.

    The sources of a FID's variance are told apart by varying one of them (FID Lottery, arXiv
    2606.20536).
    """

    init: Seed | None = None  # the weights that training begins with
    order: Seed | None = None  # of images and their flips, and the draw from latents' posteriors
    noise: Seed | None = None  # of the loss: noise, its times, and which labels are dropped


class TrainSpec(Spec):
    """How the weights are trained.

    ``steps`` is part of the identity only if the learning-rate schedule has a horizon.
    """

    steps: Steps
    batch: int = Field(ge=1, le=2**20)  # images per step
    lr: float = Field(gt=0, le=1e38)
    # muon: for the blocks' matrices, with steps as large as adamw's, which steps all else
    optimiser: Literal["adamw", "muon"] = "adamw"
    betas: tuple[Fraction, Fraction] = (0.9, 0.999)
    weight_decay: float = Field(0.0, ge=0, le=1e6)
    warmup_steps: int = Field(0, ge=0, le=MOST_STEPS)  # linear, from 0 to lr
    schedule: Literal["constant", "wsd", "cosine"] = "constant"  # wsd: warmup, stable, decay
    # wsd: the fraction of ``steps`` over which the rate falls to 0
    cooldown: float = Field(0.2, gt=0, lt=1)
    grad_clip: float | None = Field(None, gt=0, le=1e38)  # largest gradient norm; null: no clipping
    label_dropout: float = Field(0.1, ge=0, lt=1)
    # bf16 by autocast; weights, averages and the held-out loss stay in fp32
    precision: Literal["fp32", "tf32", "bf16"] = "fp32"
    seed: Seed = 0
    seeds: StreamSeeds = StreamSeeds()  # of single streams, where they are not to follow ``seed``
    # weights to start from, a path or more said of them; null: newly initialised
    init: InitSpec | None = None
    # averages to checkpoint besides those that are evaluated
    emas: tuple[Ema, ...] = Field((), max_length=16)
    log_every: Steps = 50  # steps between lines of the curve
    heldout_every: Steps = 100  # steps between held-out losses in the curve
    checkpoint_every: Steps = 500  # steps; evaluated steps are always checkpointed

    NOT_IDENTITY: ClassVar[frozenset[str]] = frozenset(
        {"steps", "log_every", "heldout_every", "checkpoint_every", "emas"}
    )
    ADDED_LATER: ClassVar[frozenset[str]] = frozenset({"cooldown", "init", "optimiser", "seeds"})

    @field_validator("init", mode="before")
    @classmethod
    def _of_path(cls, value):
        return {"path": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check(self):
        faults = []
        usual = type(self).model_fields["cooldown"].default
        if self.schedule != "wsd" and self.cooldown != usual:
            faults.append(
                f"cooldown {self.cooldown} belongs to the schedule 'wsd'; leave train.cooldown at "
                f"{usual}"
            )
        if self.warmup_steps > self.steps:
            faults.append(
                f"a warmup of {self.warmup_steps} steps is longer than the training of "
                f"{self.steps}; set train.warmup_steps or train.steps"
            )
        if len(set(self.emas)) < len(self.emas):
            faults.append(
                f"an average is given twice: {', '.join(ema.label for ema in self.emas)}; set "
                "train.emas"
            )
        if (
            self.schedule == "wsd"
            and not max(1, self.warmup_steps) <= self.branch_step < self.steps
        ):
            faults.append(
                f"a cooldown of {self.cooldown} of {self.steps} steps begins at step "
                f"{self.branch_step}, which is not after the warmup of {self.warmup_steps} and "
                "before the end; set train.cooldown"
            )
        refuse(faults)
        return self

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        """As for any spec; of weights to start from, what they are and not where they lie."""
        fields = super().identity_fields(exclude)
        if self.init is not None and "init" in fields:
            fields["init"] = self.init.identity_fields()
        return fields

    def seed_of(self, name: Stream) -> int:
        """The seed that the random stream ``name`` follows."""
        own = getattr(self.seeds, name)
        return self.seed if own is None else own

    @property
    def follows_seed(self) -> bool:
        """Whether another ``seed`` would be another training."""
        return None in (self.seeds.init, self.seeds.order, self.seeds.noise)

    @property
    def has_horizon(self) -> bool:
        return self.schedule != "constant"

    @property
    def branch_step(self) -> int:
        """wsd: the number of steps taken before the rate begins to fall."""
        return self.steps - round(self.steps * self.cooldown)


class EvaluationSpec(Spec):
    """When and how the trial is measured.

    At ``checkpoints`` evenly spaced steps or, with ``every``, each ``every`` steps and at the end.
    """

    checkpoints: int = Field(1, ge=1, le=MOST_EVALUATIONS)
    every: Steps | None = None
    ema: Ema = Ema()
    protocol: Protocol = Protocol()

    @model_validator(mode="after")
    def _check(self):
        usual = type(self).model_fields["checkpoints"].default
        if self.every is not None and self.checkpoints != usual:
            raise ValueError(
                f"every {self.every} steps and {self.checkpoints} checkpoints are two answers to "
                f"when it is measured; leave one out (set evaluate.checkpoints={usual}, or "
                "evaluate.every=null)"
            )
        return self

    def steps(self, total: int) -> tuple[int, ...]:
        """The evaluated steps of a training of ``total`` steps, ascending, ``total`` included."""
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
