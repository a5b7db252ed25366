"""What is a trial? A model, its data, training and evaluation, and the identities they give it.

Pure data: neither torch nor Ray is imported here. Each identity is the hash of canonical JSON:

* ``train_id``: model, data, diffusion, optimiser, schedule and seed; the number of steps only if
  the schedule has a horizon;
* ``eval_id``: train_id, step, EMA and protocol.

The machine, the logging interval and the version of the code are provenance, not identity.
"""

from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from scaling.study.families import ModelSpec, network_of
from scaling.study.network import Network
from scaling.study.specs.data import DataSpec, Source
from scaling.study.specs.diffusion import DiffusionSpec
from scaling.study.specs.identity import Spec, identity
from scaling.study.specs.training import MOST_EVALUATIONS, EvaluationSpec, TrainSpec
from scaling.study.specs.usual_features import following_data

__all__ = [
    "DataSpec",
    "DiffusionSpec",
    "EvaluationSpec",
    "ModelSpec",
    "Source",
    "TrainSpec",
    "TrialSpec",
]


AnyNetwork = Annotated[SerializeAsAny[Network], BeforeValidator(network_of)]


class TrialSpec(Spec):
    """One point of a study: what is trained, for how long, and how it is measured."""

    model: AnyNetwork
    data: DataSpec = DataSpec()
    diffusion: DiffusionSpec = DiffusionSpec()
    train: TrainSpec
    evaluate: EvaluationSpec = Field(EvaluationSpec(), validate_default=True)

    @field_validator("evaluate")
    @classmethod
    def _features_follow_the_data(cls, evaluate: EvaluationSpec, info: ValidationInfo):
        data = info.data.get("data")  # absent where it was refused itself
        return evaluate if data is None else following_data(evaluate, data.source)

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
        every = self.evaluate.every
        if every is not None and self.train.steps // every > MOST_EVALUATIONS:
            raise ValueError(
                f"measuring {self.train.steps} steps every {every} is more than "
                f"{MOST_EVALUATIONS} times; set evaluate.every higher"
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
        """The training at constant rate, up to the step where this cooldown branches from it.

        None for schedules other than wsd.
        """
        if self.train.schedule != "wsd":
            return None
        usual = TrainSpec.model_fields["cooldown"].default
        fields = {"schedule": "constant", "cooldown": usual, "steps": self.train.branch_step}
        return self.model_copy(update={"train": self.train.model_copy(update=fields)})

    @property
    def eval_steps(self) -> tuple[int, ...]:
        """The evaluated steps; for a cooldown only its own, since earlier ones are its trunk's."""
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
        """Readable and unique: the model, the seed, and a hash of everything the trial asks."""
        asked = identity(
            [self.train_id, self.train.steps, [self.eval_id(s) for s in self.eval_steps]]
        )
        return f"{self.model.slug}-s{self.train.seed}-{asked[:8]}"

    @property
    def images(self) -> int:
        return self.train.steps * self.train.batch
