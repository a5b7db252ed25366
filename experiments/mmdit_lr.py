"""At which learning rate does each MM-DiT of `mmdit_depth` have the lowest held-out loss?

Seven models and the four rates of `recipe_ladder_lr`; nothing is sampled. About 8 minutes on 2
cores.

Declared before the run: the best rate lies inside the range, and is lowest for the deepest.

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
