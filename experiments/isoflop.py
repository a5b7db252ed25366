"""Which size of DiT on digits is best at each budget of training FLOPs?

Six widths at patch 4, each trained to four doubling budgets (Hoffmann et al. 2022, arXiv
2203.15556, section 3.2). The rate is constant, so that the four budgets of a model are one
training that is measured at four steps: 24 trials, 6 trainings. Nothing is sampled; sizes are
compared by the held-out loss of the averaged weights.

    python -m scaling.sweep isoflop        6 trainings, about 6 minutes on 2 cores

Declared before the run: at each budget the held-out loss has its minimum inside the range of
widths, and the best width grows with the budget.

Found (records in results/reference/isoflop): the lowest of the six losses lies inside the range at
each budget, at widths 24, 24, 32 and 32 from the least budget up, so it does not fall, and grows
once. A law through the minima is not resolved: at the least budget the curve has none, for widths 8
and 16 cannot learn the digits at any budget (losses .64 and .20), and of three minima the exponent
is .36 with a 95 % interval of -2.0 to 2.7. Sizes between 16 and 64 would tell more.
"""

from experiments.digits import BASE, TUNED_LR
from scaling.study import ModelSpec, Study, isoflop
from scaling.study.settings import with_settings

# width -> heads
WIDTHS = {8: 1, 16: 2, 24: 2, 32: 2, 48: 3, 64: 4}
BUDGETS_FLOPS = (2e10, 4e10, 8e10, 16e10)

MODELS = tuple(
    ModelSpec(input_size=8, channels=1, patch=4, width=width, depth=2, heads=heads, num_classes=10)
    for width, heads in WIDTHS.items()
)

STUDY = Study(
    name="isoflop",
    question="Which size of DiT on digits has the lowest held-out loss at each budget of training "
    "FLOPs?",
    expectation="At each budget the minimum lies inside the range of widths, and the best width "
    "grows with the budget.",
    trials=tuple(
        # the rate of the nearest width that was searched
        with_settings(
            trial,
            {"train.lr": TUNED_LR[min(TUNED_LR, key=lambda w, t=trial: abs(w - t.model.width))]},
        )
        for trial in isoflop(
            with_settings(
                BASE,
                {
                    "train.checkpoint_every": 1000,
                    "evaluate.checkpoints": 1,
                    "evaluate.protocol.metrics": (),
                },
            ),
            MODELS,
            BUDGETS_FLOPS,
        )
    ),
    nuisance={
        "train.lr": "of digits_lr, at the nearest width searched there; constant, so shorter "
        "trainings are the beginnings of longer ones",
        "ema": "as in digits",
        "batch, data order": "equal for all",
    },
)
