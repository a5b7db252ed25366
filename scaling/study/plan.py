"""What will a study cost, and in which order does it run? The frozen, priced list of its trials."""

from collections.abc import Mapping

from pydantic import Field, model_validator

from scaling.study import cost
from scaling.study.identity import Spec
from scaling.study.spec import TrialSpec
from scaling.study.study import Study

SCHEMA = 1  # version of study.json; a reader refuses a newer one


class PlannedTrial(Spec):
    """One trial with its identities and price."""

    trial_id: str
    train_id: str
    eval_ids: dict[int, str]  # evaluated step -> eval_id
    model: str
    rung: str | None = None  # null in older plans, which did not record it
    series: str | None = None
    params_m: float
    forward_gmacs: float
    images: int
    train_flops: float
    spec: TrialSpec

    @model_validator(mode="before")
    @classmethod
    def _with_facts(cls, data):
        """Add the recorded facts to a network whose code may not be loaded, see ``Recorded``."""
        spec = data.get("spec") if isinstance(data, Mapping) else None
        model = spec.get("model") if isinstance(spec, Mapping) else None
        if not isinstance(model, Mapping) or "source" not in model:
            return data
        facts = {
            "name": data["model"],
            "rung": data["rung"],
            "series": data["series"],
            "params": round(data["params_m"] * 1e6),
            "forward_macs": round(data["forward_gmacs"] * 1e9),
        }
        return {**data, "spec": {**spec, "model": {**model, "facts": facts}}}

    @classmethod
    def of(cls, trial: TrialSpec) -> "PlannedTrial":
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

    schema_version: int = SCHEMA
    name: str
    question: str
    expectation: str
    nuisance: dict[str, str]
    seeds: int
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
