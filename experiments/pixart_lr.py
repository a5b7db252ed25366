"""At which learning rate does each PixArt of `pixart_conditioning` have the lowest held-out loss?

Three widths, the five rates and the seed of `digits_lr`; nothing is sampled. About 4 minutes on 2
quiet cores.

Declared before the run: the best rate lies inside the range, and does not rise with width.

Found (records in results/reference/pixart_lr): both hold, with 1.2e-2, 6e-3 and 6e-3 from the
narrowest up. At the highest rate the widest does not learn (held-out loss 1.04).

    python -m scaling.sweep pixart_lr
"""

from experiments.digits_lr import LEARNING_RATES, SEARCH_SEED
from experiments.pixart_conditioning import ONE, PIXARTS, pixart
from scaling.study import Study, grid
from scaling.study.settings import with_settings

STUDY = Study(
    name="pixart_lr",
    question="At which learning rate does each PixArt have the lowest held-out loss?",
    expectation="Inside the range, and not rising with width.",
    trials=grid(
        with_settings(ONE, {"train.seed": SEARCH_SEED, "evaluate.protocol.metrics": ()}),
        {"model": [pixart(width) for width in PIXARTS], "train.lr": LEARNING_RATES},
    ),
    nuisance={"all but the rate": "equal, as in pixart_conditioning"},
)
