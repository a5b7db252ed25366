"""Which weights are meant, and what does their file not tell? What a person says of a checkpoint.

A foreign state dict has names and shapes. It does not say what was learned (noise or a velocity),
whether the last row of the label table means "no class", or how many heads attention has.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, field_validator

from scaling.study.specs.identity import Spec

# ``flow`` is x_t = (1 - t) x_0 + t noise with v = noise - x_0, as trained here and by REPA. In
# ``sit``, the code that SiT released, time and velocity run the other way.
Learned = Literal["ddpm", "epsilon", "flow", "sit"]
Null = Literal["last", "none"]


class WeightsSpec(Spec):
    """What is said of weights; null: as their file tells, or as is usual (and then it is said)."""

    # which of the sets of weights in it, such as ema-power-0.05 or ema
    average: str | None = Field(None, min_length=1)
    objective: Learned | None = None
    null: Null | None = None  # the label table's row for "no class", if any
    heads: int | None = Field(None, gt=0, le=2**16)
    input_size: int | None = Field(None, gt=0, le=2**14)
    # beginnings of names that are not part of the network
    leave_out: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    # of a pipeline that reads text: what labels 0, 1, ... mean
    captions: tuple[str, ...] = ()

    @classmethod
    def of_options(cls, **given) -> Self:
        """From a command's options; ValueError in one line names the option."""
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            option = "--" + str(first["loc"][0]).replace("_", "-")
            raise ValueError(f"{option} {first['input']}: {first['msg']}") from None

    @property
    def given(self) -> list[str]:
        """The options that differ from their default, as a command spells them."""
        fields = WeightsSpec.model_fields
        return [
            "--" + name.replace("_", "-")
            for name, field in fields.items()
            if getattr(self, name) != field.default
        ]


class InitSpec(WeightsSpec):
    """The weights that a training starts from.

    Identity is what the weights are, ``content``; where they lie and how they were read is not.
    """

    path: str  # anything that ``scaling sample`` takes
    # the hash of the weights, which is checked; null: found out when the study is planned
    content: str | None = Field(None, pattern=r"^[0-9a-f]{16}$")

    @field_validator("path")
    @classmethod
    def _path(cls, path: str) -> str:
        if not path:
            raise ValueError("train.init needs a path to weights")
        return path

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        if self.content is None:
            raise ValueError(
                f"the weights of train.init {self.path} have not been read yet, so the training "
                "has no identity; scaling.models.stored.initial.with_contents(study) reads them, "
                "as a sweep does"
            )
        return {"content": self.content}
