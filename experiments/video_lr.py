"""Which learning rate suits each model of `video_tokens`?

Each rung and patch gets the same three tries, a factor of 2 apart, judged by the held-out loss of
the averaged weights at the end; nothing is sampled. It has a training seed of its own.

    python -m scaling.sweep video_lr        18 trainings, about 6 minutes on 2 quiet cores

Declared before the run: the best rate lies inside the range for every model, does not rise with
width, and is the same for both patches of a rung or a neighbour of it.

Found (records in results/reference/video_lr): both patches of a rung have the same best rate. It is
1.2e-2 at widths 32 and 48. At width 16 it is 2.4e-2, the edge of the range, so that expectation
failed there; its loss falls by less than 2 % from 1.2e-2 to 2.4e-2.
"""

from experiments.digits_lr import SEARCH_SEED
from experiments.video_tokens import BASE, PATCHES, RUNGS
from scaling.study import Study, grid
from scaling.study.settings import with_settings

LEARNING_RATES = (6e-3, 1.2e-2, 2.4e-2)

STUDY = Study(
    name="video_lr",
    question="Which learning rate gives each DiT of clips its lowest held-out loss?",
    expectation="The best rate lies inside the range and does not rise with width.",
    trials=grid(
        with_settings(BASE, {"train.seed": SEARCH_SEED, "evaluate.protocol.metrics": ()}),
        {"size": RUNGS, "patch": PATCHES, "train.lr": LEARNING_RATES},
    ),
    nuisance={"train.lr": "searched here: three tries for every rung and patch"},
)
