"""How much of a FID's spread comes from each random stream of a training?

One model of the digits study is trained again with another seed of one stream at a time: the
initial weights, the order of the data, the noise of the loss; then its samples alone are drawn
again; then all three of training change at once. The FID Lottery (arXiv 2606.20536) did so with
SiT-B/2, 25 trainings by 10 samplings: standard deviations of FID of .336 (loss noise), .294
(initialisation), .221 (data order), .438 (all of training) and .137 (sampling).

    python -m scaling.sweep noise_floor        33 trainings, about 8 minutes on one core

Declared before the run: all of training moves a FID more than sampling does; no one stream alone
explains the spread of training again; the three streams' variances add up to that of training
again within a factor of two.

Found (records in results/reference/noise_floor), standard deviations of a FID of 7.3 to 8.6 over
nine each: .28 for the initial weights, .28 for the order of the data, .36 for the noise of the
loss, .40 for all of training and .20 for sampling. Training moves a FID twice as much as sampling,
as expected, and the variances of the three streams add up to 1.8 times that of training again,
within the factor declared. The noise of the loss alone has 81 % of it, and nine draws know a ratio
of variances to a factor of 4.4 either way: whether one stream explains it all is not decided.
"""

from experiments.digits import BASE, TUNED_LR
from scaling.study import Study, grid
from scaling.study.settings import with_settings

REPEATS = 8  # of each stream, besides the training that all share
STREAMS = ("init", "order", "noise")

ONE = with_settings(
    BASE,
    {
        "model.width": 32,
        "model.patch": 4,
        "train.lr": TUNED_LR[32],
        "evaluate.checkpoints": 1,
        "evaluate.protocol.sampler": "ddim",
        "evaluate.protocol.sampling_steps": 25,
    },
)
OTHERS = list(range(1, REPEATS + 1))

STUDY = Study(
    name="noise_floor",
    question="How much of a FID's spread comes from each random stream of a training?",
    expectation="Training again moves a FID more than sampling again; no stream alone explains "
    "it; the variances of the three streams add up to it within a factor of two.",
    trials=(
        ONE,
        *(trial for stream in STREAMS for trial in grid(ONE, {f"train.seeds.{stream}": OTHERS})),
        *grid(ONE, {"evaluate.protocol.sampling_seed": OTHERS}),
        *grid(ONE, {"train.seed": OTHERS}),
    ),
    nuisance={
        "train.lr": "that of the digits study",
        "everything but the seeds": "equal for all",
    },
)
