"""At which learning rate does each step of `recipe_ladder` have its lowest held-out loss?

Nine steps, three sizes and four rates, a factor of 2 apart; nothing is sampled, and the seed is
that of `digits_lr`. Losses are compared among the rates of one step and size alone, as a change of
objective changes what the loss means.

    python -m scaling.sweep recipe_ladder_lr        108 trainings, about 10 minutes on 2 quiet cores

Declared before the run: the best rate of every step lies within a factor of 2 of DiT's, and inside
the range.

Found (records in results/reference/recipe_ladder_lr): the rates are judged by the held-out error of
what is predicted (``heldout_mse``), not by the loss as was planned. From logit-normal times on the
loss rises twofold and jumps from rate to rate (once to 5,679): it is measured at uniform times,
near the image it weighs the error of x up to 400 times, and there such a training hardly looks.
Before that both choose the same rates. They lie within a factor of 4 of DiT's, not 2, as DiT's own
fall fourfold with width; at width 16 the best of three steps (dit, flow, x) is the highest rate
tried, by 0.2 to 3 % over the next.
"""

from experiments.digits_lr import SEARCH_SEED
from experiments.recipe_ladder import BASE, CHANGES, SIZES, trials
from scaling.study import Study, grid
from scaling.study.settings import with_settings

LEARNING_RATES = (3e-3, 6e-3, 1.2e-2, 2.4e-2)

STUDY = Study(
    name="recipe_ladder_lr",
    question="At which learning rate does each step from DiT's recipe to JiT's have its lowest "
    "held-out loss, at each size?",
    expectation="Within a factor of 2 of DiT's own rate, and inside the range.",
    trials=tuple(
        searched
        for step in CHANGES
        for trial in trials(
            with_settings(BASE, {"train.seed": SEARCH_SEED, "evaluate.protocol.metrics": ()}),
            step,
            SIZES,
        )
        for searched in grid(trial, {"train.lr": LEARNING_RATES})
    ),
    nuisance={
        "train.lr": "searched here: four tries for every step and size",
        "all but the rate": "equal, as in recipe_ladder",
    },
)
