"""Does the law of the digits study predict the next size up?

A DiT with three times the parameters of the largest in `digits`, at the same three patches, with
everything else as there. Its FIDs were predicted, and the prediction frozen, before it was trained.

    scaling predict results/digits --target DiT-d4w96/8 --target DiT-d4w96/4 \\
        --target DiT-d4w96/2 --out predictions.json
    python -m scaling.sweep digits_next_size --set seeds=3
    scaling score predictions.json results/digits

The sweep is 9 trainings, about 11 minutes on 2 cores. The learning rate is carried over from the
three largest sizes, for which the search found the same rate. It is not searched again, so a FID
above the prediction may be the fault of the rate.

Declared before the run: every training's FID lies in its 95 % prediction interval, and at each
patch FID falls below that of DiT-d3w64.
"""

from experiments.digits import BASE, PATCHES, TUNED_LR
from scaling.study import Study, grid
from scaling.study.settings import with_settings

SIZE = {"model.width": 96, "model.depth": 4, "model.heads": 6}

STUDY = Study(
    name="digits_next_size",
    question="Does the law of the digits study foretell the FID of the next size up?",
    expectation="Every training's FID lies in its 95 % prediction interval; FID falls below that "
    "of DiT-d3w64 at each patch.",
    trials=grid(
        with_settings(BASE, {"train.lr": TUNED_LR[64]}), {"size": (SIZE,), "model.patch": PATCHES}
    ),
    nuisance={
        "train.lr": "that of the three largest sizes of digits, carried over",
        "ema, batch, steps, data order, guidance": "as in digits",
    },
)
