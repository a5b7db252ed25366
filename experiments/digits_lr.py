"""Which learning rate suits each size of the digits study?

This is the search behind `digits`. Every size gets the same five tries, a factor of 2 apart, on all
three patch sizes. They are judged by the held-out loss of the averaged weights at the end of
training. Nothing is sampled, so the reported FIDs play no part in it, and it has a training seed of
its own. A best rate at the edge of the range would mean that the range is wrong.

    python -m scaling.sweep digits_lr        60 trainings, about 10 minutes on 2 cores

Declared before the run: one rate per size, the one with the lowest mean over patches of log
held-out loss; expected near 6e-3 to 1.2e-2 for all, falling slowly with width.
"""

from experiments.digits import BASE, PATCHES, SIZES
from scaling.study import Study, grid
from scaling.study.settings import with_settings

LEARNING_RATES = (1.5e-3, 3e-3, 6e-3, 1.2e-2, 2.4e-2)
SEARCH_SEED = 1000  # none of the seeds whose FID is reported

STUDY = Study(
    name="digits_lr",
    question="Which learning rate gives each size of DiT on digits its lowest held-out loss?",
    expectation="One rate between 6e-3 and 1.2e-2 per size, inside the range, falling slowly with "
    "width.",
    trials=grid(
        with_settings(
            BASE,
            {"train.seed": SEARCH_SEED, "evaluate.checkpoints": 1, "evaluate.protocol.metrics": ()},
        ),
        {"size": SIZES, "model.patch": PATCHES, "train.lr": LEARNING_RATES},
    ),
    nuisance={
        "train.lr": "searched here: five tries for every size and patch",
        "ema": "as in digits",
    },
)
