"""What is the learning rate at step n? Constant, warmup-stable-decay or cosine, each behind a
linear warmup.
"""

import math

from scaling.study.spec import TrainSpec


def learning_rate(train: TrainSpec, step: int) -> float:
    """The rate of step ``step`` (from 0): a pure function, so that a resumed run needs no state."""
    rate = train.lr
    if train.warmup_steps:
        rate *= min(1.0, (step + 1) / train.warmup_steps)
    if train.schedule == "cosine":
        after, total = step - train.warmup_steps, max(1, train.steps - train.warmup_steps)
        rate *= 0.5 * (1.0 + math.cos(math.pi * max(0, after) / total))
    elif train.schedule == "wsd" and step >= train.branch_step:
        # 1 - sqrt falls fast first; better than linear in Hägele et al., arXiv 2405.18392, section
        # 4.
        rate *= 1.0 - math.sqrt((step - train.branch_step) / (train.steps - train.branch_step))
    return rate
