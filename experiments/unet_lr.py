"""At which learning rate does each U-Net of `unet_vs_dit` have the lowest held-out loss?

Three sizes, the five rates and the seed of `digits_lr`, so that U-Nets and DiTs are tuned by
equally many tries; nothing is sampled. 15 trainings, 17 minutes on 2 cores.

Declared before the run: the best rate lies inside the range for each size, and does not rise with
width.

Found (one seed, records in results/reference/unet_lr): the best rate is inside the range for each,
.006 at width 4, .012 at 6 and .006 at 8, so it does rise once. Held-out loss there is .0957, .0832
and .0806; the next best rate is within .5, 1.6 and 1.4 % of it.

    python -m scaling.sweep unet_lr
"""

from experiments.digits_lr import LEARNING_RATES, SEARCH_SEED
from experiments.unet_vs_dit import BASE, UNETS, unet
from scaling.study import Study, grid
from scaling.study.settings import with_settings

STUDY = Study(
    name="unet_lr",
    question="At which learning rate does each U-Net have the lowest held-out loss?",
    expectation="The best rate lies inside the range and does not rise with width.",
    trials=grid(
        with_settings(
            BASE,
            {"train.seed": SEARCH_SEED, "evaluate.checkpoints": 1, "evaluate.protocol.metrics": ()},
        ),
        {"model": [unet(width) for width in UNETS], "train.lr": LEARNING_RATES},
    ),
    nuisance={"all but the rate": "equal, as in unet_vs_dit"},
)
