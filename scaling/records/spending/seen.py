"""What has been seen of a training that a sweep runs? Its steps and evaluations, and their time."""

from scaling.records.ledger import Run
from scaling.records.parsed import Unreadable
from scaling.records.status import measured
from scaling.study.planning.forecast import measuring_flops
from scaling.study.planning.plan import PlannedTrial
from scaling.study.planning.time_left import Seen


def seen(group: list[PlannedTrial], run: Run, ended: bool) -> Seen:
    """Of the trials ``group``, which share the training ``run``, as its records say now."""
    longest = max(group, key=lambda trial: trial.spec.train.steps)
    steps = longest.spec.train.steps
    faults: list[Unreadable] = []  # are told at the sweep's end; the time left does without them
    curve = [line for line in run.curve(faults) if line["step"] <= steps]
    price_of, measured_s = {}, {}
    for trial in group:
        done = measured(trial, run, faults)
        for step, eval_id in trial.eval_ids.items():
            price_of[eval_id] = sum(measuring_flops(trial))
            if step in done:
                measured_s[eval_id] = done[step]["wall_s"]
    return Seen(
        steps=steps,
        flops=longest.train_flops,
        evaluation_flops=(
            *(price_of[eval_id] for eval_id in measured_s),
            *(flops for eval_id, flops in price_of.items() if eval_id not in measured_s),
        ),
        kind=(longest.spec.model.family, repr(longest.spec.model)),
        done_steps=curve[-1]["step"] if curve else 0,
        train_s=curve[-1]["train_wall_s"] if curve else 0.0,
        evaluated_s=tuple(measured_s.values()),
        ended=ended,
    )
