"""What is a study? A question, the expected answer, and the trials that decide it."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field, ValidationError, field_validator, model_validator

from scaling.study.debug import debug
from scaling.study.families.outside.given import check_given
from scaling.study.grid import MOST_TRIALS, check_number, distinct, grid, with_seeds
from scaling.study.network import Network
from scaling.study.settings import explain, network_with, with_settings
from scaling.study.specs.identity import Spec
from scaling.study.specs.trial import TrialSpec

RESERVED = ("runs", "published", "reference")  # folders of a results root that are no study's
LONGEST_NAME = 100  # characters: it becomes a folder, and part of other names


def _is_word(name: str) -> bool:
    return name.replace("_", "").replace("-", "").isalnum() and len(name) <= LONGEST_NAME


class Study(Spec):
    """A question and its trials: pure data.

    ``scales`` holds the same question at other scales, such as on ImageNet; the setting ``scale``
    chooses one, and each is a study with its own name. ``nuisance`` says, for each parameter that
    could tilt the curve, how it was made fair: tuned, transferred or fixed.
    """

    name: str
    question: str
    expectation: str
    trials: tuple[TrialSpec, ...] = Field(min_length=1, max_length=MOST_TRIALS)
    scales: dict[str, Annotated[tuple[TrialSpec, ...], Field(min_length=1)]] = Field(
        default_factory=dict
    )
    nuisance: dict[str, str] = Field(default_factory=dict)
    seeds: int = Field(1, ge=1, le=MOST_TRIALS)

    @field_validator("name")
    @classmethod
    def _name(cls, name: str) -> str:
        # The name becomes a folder, which must not leave the results root or shadow shared folders.
        if not _is_word(name) or name in RESERVED:
            raise ValueError(
                f"study name {name!r} must be letters, digits, '-' and '_', at most {LONGEST_NAME} "
                f"of them, and not one of {', '.join(RESERVED)}"
            )
        return name

    @field_validator("scales")
    @classmethod
    def _scales(cls, scales: dict) -> dict:
        for scale in scales:
            if not _is_word(scale):
                raise ValueError(f"scale {scale!r} must be letters, digits, '-' and '_'")
        return scales

    @model_validator(mode="after")
    def _check(self):
        given = (self.trials, *self.scales.values())
        check_given(trial.model for trials in given for trial in trials)
        check_number(len(self.trials) * self.seeds, f"{self.name!r} with {self.seeds} seeds")
        return self

    @property
    def all_trials(self) -> tuple[TrialSpec, ...]:
        """Every distinct trial, over all seeds."""
        return distinct(with_seeds(self.trials, self.seeds) if self.seeds > 1 else self.trials)

    @property
    def _known(self) -> str:
        return ", ".join(dict.fromkeys([*self.scales, "debug"]))

    def at(self, scale: str) -> "Study":
        """The study at one of its ``scales``, named after it; every study has ``debug``."""
        seeds = self.seeds
        if not isinstance(scale, str):
            raise ValueError(f"scale {scale!r} is no name; study {self.name!r} has {self._known}")
        if scale == "debug" and scale not in self.scales:
            trials, seeds = tuple(map(debug, self.trials)), 1  # every stage once
        elif scale in self.scales:
            trials = self.scales[scale]
        else:
            raise ValueError(f"study {self.name!r} has no scale {scale!r}; it has {self._known}")
        return Study(
            **{
                **dict(self),
                "name": f"{self.name}_{scale}",
                "trials": trials,
                "scales": {},
                "seeds": seeds,
            }
        )

    def with_grid(self, axes: Mapping[str, Sequence]) -> "Study":
        """The study with each trial at every combination of the axes' values, each once.

        A value of the axis ``model`` may be a name, of the trial's family and else as its network.
        ValueError as ``grid``.
        """
        return self.with_settings({}, axes)

    def with_settings(
        self, settings: Mapping, axes: Mapping[str, Sequence] | None = None
    ) -> "Study":
        """The study with dotted fields set on every trial, and with ``axes`` as ``with_grid``.

        Each trial is validated once, with all that is set. The key ``seeds`` sets how often the
        grid is repeated. The key ``scale`` is applied first and chooses among ``scales``.
        """
        if "scale" in settings:
            rest = {k: v for k, v in settings.items() if k != "scale"}
            return self.at(settings["scale"]).with_settings(rest, axes)
        if not settings and not axes:
            return self
        rest = {k: v for k, v in settings.items() if k != "seeds"}
        fields = {**dict(self), "seeds": settings.get("seeds", self.seeds)}
        if axes:
            varied = (_varied(trial, axes, rest) for trial in self.trials)
            fields |= {"trials": distinct(itertools.chain.from_iterable(varied)), "scales": {}}
        else:
            fields["trials"] = tuple(with_settings(trial, rest) for trial in self.trials)
        try:
            return Study(**fields)
        except ValidationError as error:
            raise ValueError(explain(error)) from None


def _varied(trial: TrialSpec, axes: Mapping[str, Sequence], settings: Mapping) -> Sequence:
    """``trial`` at the axes' values and with ``settings``; names of models become networks."""
    models = axes.get("model", ())
    if any(isinstance(model, str) for model in models):
        like = network_with(trial, settings)
        named = [_network(like, model) if isinstance(model, str) else model for model in models]
        axes = {**axes, "model": named}
    return grid(trial, axes, settings)


def _network(model: Network, name: str) -> Network:
    try:
        network = model.named_like(name)
    except ValidationError as error:
        raise ValueError(f"--grid model={name}: {explain(error)}") from None
    if network is None:
        raise ValueError(
            f"--grid model={name}: the family {model.family!r} of {model.name} has no such name; "
            "give its fields, as in --grid model.width=16,32"
        )
    return network
