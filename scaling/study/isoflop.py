"""How long does each model train so that all spend the same training FLOPs? IsoFLOP sets."""

from collections.abc import Sequence
from numbers import Real

from scaling.study.costs import cost
from scaling.study.grid import check_number, distinct
from scaling.study.network import Network
from scaling.study.settings import with_settings
from scaling.study.specs.trial import TrialSpec

LEAST_STEPS = 10  # of a training: with fewer, half a step is more than 5 % of the budget
WRITTEN = {"models": "networks, as [ModelSpec(...)]", "budgets": "numbers, as [1e15, 1e16]"}


def isoflop(
    base: TrialSpec, models: Sequence[Network], budgets_flops: Sequence[float]
) -> tuple[TrialSpec, ...]:
    """``base`` with each of ``models`` at each budget, in that order, for as many steps as come
    nearest to it: 6 x forward_gmacs x 1e9 x images differs from the budget by half a step at most.

    With a schedule that has no horizon (constant, wsd's trunk) the budgets of a model are one
    training. Steps of ``base`` that count from its end (cooldown, warmup) stay as they are.
    Hoffmann et al. 2022, section 3.2. ValueError for no or doubled models or budgets, and for a
    budget of fewer than LEAST_STEPS steps of a model.
    """
    for what, values, kind in (("models", models, Network), ("budgets", budgets_flops, Real)):
        if not isinstance(values, Sequence) or not all(isinstance(v, kind) for v in values):
            raise ValueError(
                f"the {what} of an isoFLOP set are {values!r}, not a list of {WRITTEN[what]}"
            )
    check_number(len(models) * len(budgets_flops), "the isoFLOP set")
    for what, values in (("models", models), ("budgets", budgets_flops)):
        if not values:
            raise ValueError(f"an isoFLOP set needs {what}; none is given")
        if len(set(values)) < len(values):
            raise ValueError(f"an isoFLOP set names each of its {what} once; one is given twice")
    trials = [
        with_settings(base, {"model": model, "train.steps": steps_at(model, base, budget)})
        for model in models
        for budget in budgets_flops
    ]
    return distinct(trials)


def steps_at(model: Network, base: TrialSpec, budget_flops: float) -> int:
    """The steps of ``base``'s batch whose training FLOPs come nearest to the budget."""
    if not 0 < budget_flops < float("inf"):
        raise ValueError(f"a budget of {budget_flops:g} training FLOPs is no number above 0")
    each = cost.train_flops(model, base.train.batch)
    steps = round(budget_flops / each) if each else 0
    if steps < LEAST_STEPS:
        raise ValueError(
            f"{budget_flops:.3g} training FLOPs are {steps} steps of {model.name} at batch "
            f"{base.train.batch}, fewer than {LEAST_STEPS}; leave the model out, or give a budget "
            f"of {LEAST_STEPS * each:.3g} or more"
        )
    return steps


def off_budget(trial: TrialSpec, budget_flops: float) -> float:
    """By which share of the budget a trial's training FLOPs differ from it."""
    return cost.train_flops(trial.model, trial.images) / budget_flops - 1
