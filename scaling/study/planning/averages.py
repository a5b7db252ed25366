"""Is an average of the weights longer than the training, and still of the initial weights?"""

from collections.abc import Iterable

from scaling.study.planning.plan import Plan, PlannedTrial
from scaling.study.specs.ema import Ema

TOLD, REFUSED = 0.01, 0.5  # share of the initial weights in an average


def initial_share(ema: Ema, step: int) -> float:
    """How much of the average after ``step`` steps is the initial weights.

    A power-function average keeps none of them: its first step replaces them.
    """
    return ema.length**step if ema.kind == "decay" else 0.0


def long_averages(trials: Iterable[PlannedTrial], above: float, last: bool) -> list[str]:
    """A sentence for each average of which more than ``above`` is the initial weights, at the
    ``last`` evaluated step or at the first.
    """
    worst: dict[tuple[Ema, int], int] = {}
    for trial in trials:
        steps = trial.spec.eval_steps
        asked = trial.spec.evaluate.ema, steps[-1] if last else steps[0]
        worst[asked] = worst.get(asked, 0) + 1
    return [
        f"{initial_share(ema, step):.0%} of the average {ema.label} is the initial weights at step "
        f"{step:,} ({count} {'trial' if count == 1 else 'trials'}), and what is measured there is "
        "no trained model's; set evaluate.ema.kind=power with evaluate.ema.length=0.05, or train "
        "longer"
        for (ema, step), count in worst.items()
        if initial_share(ema, step) > above
    ]


def averages_told(plan: Plan) -> list[str]:
    """What a person should know of the plan's averages before paying for it."""
    return long_averages(plan.trials, TOLD, last=False)


def check_averages(plan: Plan) -> None:
    """Refuse averages that are mostly the initial weights where the training ends."""
    if said := long_averages(plan.trials, REFUSED, last=True):
        raise ValueError("; ".join(said))
