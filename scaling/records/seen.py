"""What has been seen of a training that a sweep runs? Its steps and evaluations, and their time."""

from scaling.records.ledger import Run
from scaling.study.forecast import measuring_flops
from scaling.study.plan import PlannedTrial
from scaling.study.time_left import Seen


def seen(group: list[PlannedTrial], run: Run, ended: bool) -> Seen:
    """Of the trials ``group``, which share the training ``run``, as its records say now."""
    longest = max(group, key=lambda trial: trial.spec.train.steps)
    steps = longest.spec.train.steps
    curve = [line for line in run.curve() if line["step"] <= steps]
    price_of = {
        eval_id: sum(measuring_flops(trial))
        for trial in group
        for eval_id in trial.eval_ids.values()
    }
    measured = {
        eval_id: evaluation["wall_s"]
        for eval_id in price_of
        if (evaluation := run.evaluation(eval_id)) is not None
    }
    return Seen(
        steps=steps,
        flops=longest.train_flops,
        evaluation_flops=(
            *(price_of[eval_id] for eval_id in measured),
            *(flops for eval_id, flops in price_of.items() if eval_id not in measured),
        ),
        done_steps=curve[-1]["step"] if curve else 0,
        train_s=curve[-1]["train_wall_s"] if curve else 0.0,
        evaluated_s=tuple(measured.values()),
        ended=ended,
    )
