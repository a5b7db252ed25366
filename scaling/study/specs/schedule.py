"""What is the learning rate at step n? A schedule by name, after a linear warmup."""

import math
from collections.abc import Callable

from scaling.study.named import named
from scaling.study.specs.trial import TrainSpec


def constant(train: TrainSpec, step: int) -> float:
    return 1.0


def cosine(train: TrainSpec, step: int) -> float:
    """From 1 after the warmup to 0 at the end, along half a cosine."""
    after, total = step - train.warmup_steps, max(1, train.steps - train.warmup_steps)
    return 0.5 * (1.0 + math.cos(math.pi * max(0, after) / total))


def warmup_stable_decay(train: TrainSpec, step: int) -> float:
    """1 up to the branch, then to 0 at the end as 1 - sqrt."""
    if step < train.branch_step:
        return 1.0
    # 1 - sqrt falls fast first; better than linear in Hägele et al., arXiv 2405.18392, section 4.
    return 1.0 - math.sqrt((step - train.branch_step) / (train.steps - train.branch_step))


# schedule -> the fraction of ``lr`` at a step, without the warmup
SCHEDULES: dict[str, Callable[[TrainSpec, int], float]] = {
    "constant": constant,
    "wsd": warmup_stable_decay,
    "cosine": cosine,
}


def learning_rate(train: TrainSpec, step: int) -> float:
    """The rate at step ``step`` (from 0): a pure function, so resuming needs no state for it."""
    warmup = min(1.0, (step + 1) / train.warmup_steps) if train.warmup_steps else 1.0
    return train.lr * warmup * named(SCHEDULES, train.schedule, "schedule")(train, step)
