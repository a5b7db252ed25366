"""How does the quality of handwritten digits scale with a DiT's forward Gflops?

The paper's question and the shape of its grid (four sizes x patch 8, 4, 2: arXiv 2212.09748, Figure
8), asked of scikit-learn's 1,797 real 8x8 digits in pixel space. It is small enough for a laptop:
12 models and three seeds, with equal steps and batch for all.

    python -m scaling.sweep                        three seeds, about 800 CPU-seconds: 7 to 10
                                                   minutes on 2 quiet cores
    python -m scaling.sweep --set scale=ddpm100    the same, sampled in 100 ancestral steps

Samples are drawn by DDIM in 25 steps, which takes a fifth of the time of DDPM in 100 and ranks the
models alike but for one pair of neighbours (`faster_sampling`). `results/reference/digits` is of
the scale ddpm100.

What it is made to decide, each with its interval: that FID falls with Gflops at every patch, that a
smaller patch lowers it at every size, and whether larger models use training compute better. Three
seeds do; with two the first stays open (tried on the records of two runs).

How the rungs are made fair: the learning rate is tuned per size on held-out loss, with the same
five tries for every size (`digits_lr`); the EMA is 5 % of training long at every step and needs no
warmup; batch, steps and data order are equal.

Declared before the run: FID falls at every step of width and at every step to a finer patch, and
the slope of log FID on log Gflops over the 12 models is negative with its 95 % interval over three
seeds clear of zero.
"""

from scaling.study import (
    Ema,
    EvaluationSpec,
    ModelSpec,
    Protocol,
    Study,
    TrainSpec,
    TrialSpec,
    grid,
)
from scaling.study.settings import with_settings

SIZES = (
    {"model.width": 16, "model.depth": 2, "model.heads": 2},
    {"model.width": 32, "model.depth": 2, "model.heads": 2},
    {"model.width": 48, "model.depth": 2, "model.heads": 3},
    {"model.width": 64, "model.depth": 3, "model.heads": 4},
)
PATCHES = (8, 4, 2)  # 1, 4 and 16 tokens
TUNED_LR = {16: 1.2e-2, 32: 6e-3, 48: 6e-3, 64: 6e-3}  # width -> the best of `digits_lr`

BASE = TrialSpec(
    model=ModelSpec(input_size=8, channels=1, patch=2, width=16, depth=2, heads=2, num_classes=10),
    train=TrainSpec(
        steps=1500, batch=64, lr=6e-3, log_every=50, heldout_every=100, checkpoint_every=300
    ),
    evaluate=EvaluationSpec(
        checkpoints=5,
        ema=Ema(kind="power", length=0.05),
        protocol=Protocol(samples=1000, sampler="ddpm", sampling_steps=100, features="digits-cnn"),
    ),
)

# Each size at its own rate, sampled as BASE has it.
TRIALS = tuple(
    with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
    for trial in grid(BASE, {"size": SIZES, "model.patch": PATCHES})
)
# What the first hour asks: cheaper samples, and no checkpoint that decides nothing. A size is read
# where the next smaller one's training FLOPs are spent, at 28 % of its own at the earliest, so that
# a quarter is the latest first checkpoint.
FASTER = {
    "evaluate.protocol.sampler": "ddim",
    "evaluate.protocol.sampling_steps": 25,
    "evaluate.checkpoints": 4,
    "train.checkpoint_every": 375,
    "train.heldout_every": 250,
}

STUDY = Study(
    name="digits",
    question="How does the quality of handwritten digits scale with a DiT's forward Gflops?",
    expectation="FID falls at every step of width and to a finer patch; the slope of log FID on "
    "log Gflops is negative "
    "with its 95 % interval over three seeds clear of zero.",
    trials=tuple(with_settings(trial, FASTER) for trial in TRIALS),
    scales={"ddpm100": TRIALS},
    seeds=3,
    nuisance={
        "train.lr": "tuned per size on held-out loss, five tries each, the same for every size "
        "(digits_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "batch, steps, data order": "equal for all",
        "guidance": "none",
    },
)
