"""Which learning rate suits each size of the fashion study?

This is the search behind `fashion`. Every size gets the same five tries, a factor of 2 apart, at
the coarsest patch that the study gives it, which is the cheapest; finer patches take the rate of
their size. They are judged by the held-out loss of the averaged weights at the end of training.
Nothing is sampled, so the reported FIDs play no part in it, and it has a training seed of its own.
A best rate at the edge of the range would mean that the range is wrong.

    python -m scaling.sweep fashion_lr       20 trainings, about 8 minutes on one core

Declared before the run: one rate per size, the one with the lowest held-out loss; expected near
6e-3 to 1.2e-2 for all, inside the range, falling slowly with width.

This is the second range. A first pass, 1.5e-3 to 1.2e-2 at patch 7 for every size, had its best
rates at the upper edge and losses near those of noise at widths 16 and 32; it is not among the
records. The range went up by a factor of four and those widths to patch 4 before any FID was
measured. Width 16 is best at the edge again, by half a per cent.
"""

from experiments.fashion import BASE, PATCHES
from scaling.study import Study, grid
from scaling.study.settings import with_settings

LEARNING_RATES = (3e-3, 6e-3, 1.2e-2, 2.4e-2, 4.8e-2)
SEARCH_SEED = 1000  # none of the seeds whose FID is reported
STEPS = 800
COARSEST = {7: PATCHES[7], 4: tuple(size for size in PATCHES[4] if size not in PATCHES[7])}

BASE = with_settings(
    BASE,
    {
        "train.seed": SEARCH_SEED,
        "train.steps": STEPS,
        "train.checkpoint_every": STEPS,
        "evaluate.checkpoints": 1,
        "evaluate.protocol.metrics": (),
    },
)

STUDY = Study(
    name="fashion_lr",
    question="Which learning rate gives each size of DiT on clothes its lowest held-out loss?",
    expectation="One rate between 6e-3 and 1.2e-2 per size, inside the range, falling slowly with "
    "width.",
    trials=tuple(
        trial
        for patch, sizes in COARSEST.items()
        for trial in grid(
            BASE, {"size": sizes, "model.patch": (patch,), "train.lr": LEARNING_RATES}
        )
    ),
    nuisance={
        "train.lr": "searched here: five tries for every size",
        "ema": "as in fashion",
    },
)
