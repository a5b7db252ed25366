"""At which learning rate does each mixer of `mixer_vs_dit` have the lowest held-out loss?

Three widths, the five rates and the seed of `digits_lr`, no sampling. About 2 minutes on 2 cores.

Expected: the best rate falls with width, as it does for DiT.
"""

from experiments.digits_lr import LEARNING_RATES, SEARCH_SEED
from experiments.mixer_vs_dit import BASE, MIXERS, mixer
from scaling.study import Study, grid
from scaling.study.settings import with_settings

STUDY = Study(
    name="mixer_lr",
    question="At which learning rate does each mixer have the lowest held-out loss?",
    expectation="The best rate falls with width, as it does for DiT.",
    trials=grid(
        with_settings(
            BASE,
            {"train.seed": SEARCH_SEED, "evaluate.checkpoints": 1, "evaluate.protocol.metrics": ()},
        ),
        {"model": [mixer(width) for width in MIXERS], "train.lr": LEARNING_RATES},
    ),
    nuisance={"all but the rate": "equal, as in mixer_vs_dit"},
)
