"""At which learning rate does each MM-DiT of `mmdit_depth` have the lowest held-out loss?

Seven models and the four rates of `recipe_ladder_lr`; nothing is sampled. About 8 minutes on 2
quiet cores.

Declared before the run: the best rate lies inside the range, and is lowest for the deepest.

Found (records in results/reference/mmdit_lr): inside the range for each of the seven, 6e-3 or
1.2e-2; 2.4e-2 is too much for the deeper ones (0.64 and 0.69 where 0.41 is their best). It is not
lowest for the deepest: the models of 4, 5, 6 and 12 blocks all learn best at 1.2e-2. The best rate
and the second best differ by 0.0002 to 0.012 in loss, so some of the seven are a draw.

    python -m scaling.sweep mmdit_lr
"""

from experiments.digits_lr import SEARCH_SEED
from experiments.mmdit_depth import ONE, SHAPES, mmdit
from experiments.recipe_ladder_lr import LEARNING_RATES
from scaling.study import Study, grid
from scaling.study.settings import with_settings

STUDY = Study(
    name="mmdit_lr",
    question="At which learning rate does each MM-DiT have the lowest held-out loss?",
    expectation="Inside the range, and lowest for the deepest.",
    trials=grid(
        with_settings(ONE, {"train.seed": SEARCH_SEED, "evaluate.protocol.metrics": ()}),
        {"model": [mmdit(*shape) for shape in SHAPES], "train.lr": LEARNING_RATES},
    ),
    nuisance={"all but the rate": "equal, as in mmdit_depth"},
)
