"""Parses the target of a prediction, a model at a step, and finds its measurements in a study's
records.
"""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from pydantic import ValidationError

from analysis.frames.identities import training_of
from scaling.records import Run, StudyFolder
from scaling.records.status import optional_fields
from scaling.study.costs.cost import forward_gmacs, params_m
from scaling.study.families import Network, network_of
from scaling.study.planning.plan import Plan
from scaling.study.settings import explain
from scaling.study.specs.identity import identity
from scaling.study.specs.protocol import Protocol
from scaling.study.specs.training import MOST_STEPS
from scaling.study.specs.trial import DataSpec, DiffusionSpec, TrainSpec, TrialSpec

_STEPS = re.compile(r"(?P<steps>\d+(?:\.\d+)?)(?P<unit>[kKM]?)")
_UNITS = {"": 1, "k": 1_000, "K": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Target:
    """A model after so many training steps."""

    model: Network
    steps: int

    def __str__(self) -> str:
        return f"{self.model.name}@{self.steps}"

    @property
    def params_m(self) -> float:
        return params_m(self.model)

    @property
    def forward_gmacs(self) -> float:
        return forward_gmacs(self.model)

    @property
    def tokens(self) -> int | None:
        """Per image; None where the family has none."""
        return optional_fields(self.model)["tokens"]

    @property
    def curve(self) -> str:
        """What it is a point of: its series, or its family where that has one curve."""
        return self.model.series or self.model.title


@dataclass(frozen=True)
class Conditions:
    """What a measurement shares with those a prediction rests on."""

    protocol: Protocol
    data: DataSpec
    ema: dict
    batch: int
    training: dict | None = None  # diffusion, optimiser, schedule; None: of a file from before, any

    @classmethod
    def of(cls, plan: Plan, rows: pl.DataFrame) -> "Conditions":
        """Those of the measured ``rows`` of a study. ValueError where they are several."""
        for column in ("ema", "batch"):
            if rows[column].n_unique() > 1:
                raise ValueError(
                    f"the measured trials differ in {column} "
                    f"({', '.join(map(str, rows[column].unique()))}); "
                    "a prediction needs one of it"
                )
        spec = next(trial.spec for trial in plan.trials if trial.trial_id == rows["trial_id"][0])
        return cls(
            spec.evaluate.protocol,
            spec.data,
            spec.evaluate.ema.model_dump(mode="json"),
            spec.train.batch,
            training_of(spec.diffusion, spec.train),
        )

    @classmethod
    def from_json(cls, frozen: dict) -> "Conditions":
        return cls(
            Protocol.model_validate(frozen["protocol"]),
            DataSpec.model_validate(frozen["data"]),
            frozen["ema"],
            frozen["batch"],
            frozen.get("training"),
        )

    def as_json(self) -> dict:
        return {
            "protocol": self.protocol.model_dump(mode="json"),
            "data": self.data.model_dump(mode="json"),
            "ema": self.ema,
            "batch": self.batch,
            "training": self.training,
        }


@dataclass(frozen=True)
class Measured:
    """A FID of a target: one training, one evaluation."""

    train_id: str
    eval_id: str
    seed: int
    lr: float
    fid: float
    measured: datetime


def target_of(text: str, plan: Plan) -> Target:
    """``MODEL``, ``MODEL@STEPS`` (``@7M`` and ``@400k`` too); steps as in the plan without it.
    ValueError names what fits.
    """
    name, at, length = (part.strip() for part in text.partition("@"))
    planned = {trial.model: trial.spec for trial in plan.trials}
    model = planned[name].model if name in planned else _shaped(name, plan)
    if not at:
        lengths = {trial.spec.train.steps for trial in plan.trials if trial.model == name} or {
            trial.spec.train.steps for trial in plan.trials
        }
        if len(lengths) > 1:
            raise ValueError(
                f"{name} after how many steps? the plan has "
                f"{', '.join(map(str, sorted(lengths)))}; "
                f"write {name}@STEPS"
            )
        return Target(model, lengths.pop())
    match = _STEPS.fullmatch(length)
    if match is None:
        raise ValueError(
            f"{length!r} in {text!r} is no number of steps; write {name}@400000, {name}@400k or "
            f"{name}@7M"
        )
    steps = round(float(match["steps"]) * _UNITS[match["unit"]], 6)
    if not 1 <= steps <= MOST_STEPS or steps != int(steps):
        raise ValueError(f"{text!r} has no whole number of steps from 1 to {MOST_STEPS:,}")
    return Target(model, int(steps))


def measured(study: StudyFolder, target: Target, conditions: Conditions) -> list[Measured]:
    """Every FID of ``target`` under ``conditions`` in the study's records and those beside them,
    oldest first.
    """
    measurements = []
    for folder in sorted(study.run("any").folder.parent.glob("*")):
        run = Run(folder)
        spec = run.spec()
        if spec is None or network_of(spec["model"]).name != target.model.name:
            continue
        data = DataSpec.model_validate(spec["data"])
        if identity(data.identity_fields()) != identity(conditions.data.identity_fields()) or (
            spec["train"]["batch"] != conditions.batch
        ):
            continue
        train = TrainSpec.model_validate(spec["train"])
        like_those = training_of(DiffusionSpec.model_validate(spec["diffusion"]), train)
        if conditions.training is not None and identity(like_those) != identity(
            conditions.training
        ):
            continue
        if train.has_horizon and train.steps != target.steps:  # on its way to another end
            continue
        values = [
            _figure(e, spec, conditions) for e in run.evaluations() if e["step"] == target.steps
        ]
        measurements += [measurement for measurement in values if measurement]
    return sorted(measurements, key=lambda measurement: measurement.measured)


def like(model: Network, specs: dict[str, TrialSpec]) -> TrialSpec:
    """A training of a model that has none: all but the model as in the one of ``specs`` nearest in
    parameters.
    """
    near = min(specs.values(), key=lambda spec: abs(np.log(params_m(spec.model) / params_m(model))))
    return near.model_copy(
        update={"model": model.completed_among([spec.model for spec in specs.values()])}
    )


def _figure(evaluation: dict, spec: dict, conditions: Conditions) -> Measured | None:
    protocol = Protocol.model_validate(evaluation["protocol"])
    if protocol.comparable != conditions.protocol.comparable or evaluation["ema"] != conditions.ema:
        return None
    for value in evaluation["figures"]:
        if (
            value["metric"] == "fid"
            and value["reference"] == protocol.references[0]
            and value["value"] is not None
        ):
            return Measured(
                spec["train_id"],
                evaluation["eval_id"],
                spec["train"]["seed"],
                spec["train"]["lr"],
                value["value"],
                datetime.fromisoformat(evaluation["measured"]),
            )
    return None


def _shaped(name: str, plan: Plan) -> Network:
    """A model that is not in the plan, on the plan's images, by a name that its family knows."""
    example = plan.trials[0].spec.model
    try:
        model = example.named_like(name)
    except ValidationError as error:
        raise ValueError(f"{name}: {explain(error)}") from None
    if model is None:
        known = list(dict.fromkeys(trial.model for trial in plan.trials))
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.0)
        others = f"; others are written {example.NAMES}" if example.NAMES else ""
        raise ValueError(f"unknown model {name!r}; in the plan are {', '.join(near)}{others}")
    return model
