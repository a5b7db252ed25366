"""At which learning rate does each mixer of `mixer_vs_dit` have the lowest held-out loss?

Three widths, the five rates and the seed of `digits_lr`, and two more rates; nothing is sampled.
About 4 minutes on 2 cores.

Declared before the run: the best rate falls with width, as it does for DiT. Among five rates the
best for two widths was the highest, 2.4e-2, so the range was wrong and the two higher rates were
added.

Found (records in results/reference/mixer_lr): the best rates are 2.4e-2, 2.4e-2 and 1.2e-2 from the
narrowest up, inside the range, so they fall with width as expected.
"""

from experiments.digits_lr import LEARNING_RATES, SEARCH_SEED
from experiments.mixer_vs_dit import BASE, MIXERS, mixer
from scaling.study import Study, grid
from scaling.study.settings import with_settings

RATES = (*LEARNING_RATES, 4.8e-2, 9.6e-2)

STUDY = Study(
    name="mixer_lr",
    question="At which learning rate does each mixer have the lowest held-out loss?",
    expectation="The best rate falls with width, as it does for DiT.",
    trials=grid(
        with_settings(
            BASE,
            {"train.seed": SEARCH_SEED, "evaluate.checkpoints": 1, "evaluate.protocol.metrics": ()},
        ),
        {"model": [mixer(width) for width in MIXERS], "train.lr": RATES},
    ),
    nuisance={"all but the rate": "equal, as in mixer_vs_dit"},
)
