"""What will a study cost, and in which order does it run? The frozen, priced list of its trials."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from scaling.study.costs import cost
from scaling.study.grid import MOST_TRIALS
from scaling.study.specs.identity import Spec
from scaling.study.specs.trial import TrialSpec
from scaling.study.study import Study

SCHEMA = 1  # version of study.json; a reader refuses a newer one
MOST_FLOPS = 1e40
MOST = 1e15  # millions of parameters, GMACs: more is no network
Identity = Annotated[str, StringConstraints(pattern="^[0-9a-f]{16}$")]  # it names files


class PlannedTrial(Spec):
    """One trial with its identities and price."""

    trial_id: str = Field(min_length=1)
    train_id: Identity
    eval_ids: dict[int, Identity] = Field(min_length=1)  # evaluated step -> eval_id
    model: str
    rung: str | None = None  # null in older plans, which did not record it
    series: str | None = None
    params_m: float = Field(ge=0, lt=MOST, strict=True)
    forward_gmacs: float = Field(ge=0, lt=MOST, strict=True)
    images: int = Field(ge=0, lt=2**63, strict=True)
    train_flops: float = Field(ge=0, lt=MOST_FLOPS, strict=True)
    spec: TrialSpec

    @model_validator(mode="before")
    @classmethod
    def _with_facts(cls, data):
        """Add the recorded facts to a network whose code may not be loaded, see ``Recorded``."""
        spec = data.get("spec") if isinstance(data, Mapping) else None
        model = spec.get("model") if isinstance(spec, Mapping) else None
        if not isinstance(model, Mapping) or "source" not in model:
            return data
        counts = [data.get(name) for name in ("params_m", "forward_gmacs")]
        if not all(isinstance(n, int | float) and 0 <= n < MOST for n in counts):
            return data  # whose own fields are refused below
        facts = {
            "name": data.get("model"),
            "rung": data.get("rung"),
            "series": data.get("series"),
            "params": round(counts[0] * 1e6),
            "forward_macs": round(counts[1] * 1e9),
        }
        return {**data, "spec": {**spec, "model": {**model, "facts": facts}}}

    @model_validator(mode="after")
    def _ends_measured(self):
        if self.spec.train.steps not in self.eval_ids:
            raise ValueError(f"eval_ids lack the last step, {self.spec.train.steps}")
        return self

    @classmethod
    def of(cls, trial: TrialSpec) -> "PlannedTrial":
        """ValueError for a network that multiplies nothing, such as one of constants: it costs
        nothing, and has no place on an axis of Gflops.
        """
        if cost.forward_macs(trial.model) <= 0:
            raise ValueError(
                f"a forward pass of {trial.model.name} does no multiply-accumulates; give the "
                "network a layer that multiplies its input by weights"
            )
        return cls(
            trial_id=trial.trial_id,
            train_id=trial.train_id,
            eval_ids={step: trial.eval_id(step) for step in trial.eval_steps},
            model=trial.model.name,
            rung=trial.model.rung,
            series=trial.model.series,
            params_m=cost.params_m(trial.model),
            forward_gmacs=cost.forward_gmacs(trial.model),
            images=trial.images,
            train_flops=cost.train_flops(trial.model, trial.images),
            spec=trial,
        )


class Plan(Spec):
    """A priced and ordered study: the content of ``study.json``."""

    schema_version: int = Field(SCHEMA, ge=0, lt=2**31, strict=True)
    name: str
    question: str
    expectation: str
    nuisance: dict[str, str]
    seeds: int = Field(ge=1, le=MOST_TRIALS, strict=True)
    trials: tuple[PlannedTrial, ...] = Field(min_length=1)

    @classmethod
    def of(cls, study: Study) -> "Plan":
        return cls(
            name=study.name,
            question=study.question,
            expectation=study.expectation,
            nuisance=study.nuisance,
            seeds=study.seeds,
            trials=tuple(PlannedTrial.of(trial) for trial in study.all_trials),
        )

    @property
    def train_flops(self) -> float:
        """Over all trials; a training or trunk that several share counts once, at its longest."""
        families: dict[str, list[PlannedTrial]] = {}
        for trial in self.trials:
            families.setdefault(root(trial), []).append(trial)
        return sum(price(family) for family in families.values())

    def runs(self) -> list[list[PlannedTrial]]:
        """The trials grouped by the training they share, most expensive first.

        A cooldown whose trunk is trained by another run comes after all the others; before that it
        would only occupy a place while it waits.
        """
        groups: dict[str, list[PlannedTrial]] = {}
        for trial in self.trials:
            groups.setdefault(trial.train_id, []).append(trial)
        longest_first = sorted(
            groups.values(), key=lambda group: -max(trial.train_flops for trial in group)
        )
        # trunk -> the training that runs it: its own, or its most expensive cooldown
        first: dict[str, str] = {}
        for train_id, trunk in ((group[0].train_id, root(group[0])) for group in longest_first):
            if trunk not in first or train_id == trunk:
                first[trunk] = train_id
        return sorted(longest_first, key=lambda group: group[0].train_id != first[root(group[0])])

    def branches(self, group: list[PlannedTrial]) -> list[PlannedTrial]:
        """The cooldowns that branch from the training of ``group``, or from its trunk."""
        return [
            trial for trial in self.trials if trial.spec.trunk and root(trial) == root(group[0])
        ]


def root(trial: PlannedTrial) -> str:
    """The training whose first steps this trial shares: its trunk's, or its own."""
    return trial.spec.trunk.train_id if trial.spec.trunk else trial.train_id


def price(group: list[PlannedTrial]) -> float:
    """Training FLOPs of trials that share a training or its trunk.

    The trunk counts once, at its longest, and each cooldown counts once.
    """
    trunk, cooldowns = 0, {}
    for trial in group:
        train = trial.spec.train
        own = train.steps - train.branch_step if trial.spec.trunk else 0
        trunk = max(trunk, train.steps - own)
        cooldowns[trial.train_id] = own
    return cost.train_flops(
        group[0].spec.model, (trunk + sum(cooldowns.values())) * group[0].spec.train.batch
    )
