"""How does the quality of clothes of 28 pixels scale with a DiT's forward Gflops?

The question of `digits`, asked of images one can look at: Fashion-MNIST, 60,000 training images and
10,000 held out, in pixel space.

    python -m scaling.sweep fashion                 8 models, three seeds
    python -m scaling.sweep fashion --set seeds=1   one seed

The data is downloaded by torchvision; without a net, Debian's package dataset-fashion-mnist will
do.

How the rungs are made fair: the learning rate is tuned per size on held-out loss, with the same
tries for every size (`fashion_lr`, at patch 7, the cheapest); the EMA is 5 % of training long at
every step; batch, steps and data order are equal. Quality is told by two feature spaces of unlike
architecture: FID by fashion-cnn, and FDr, its mean ratio over fashion-cnn and fashion-mixer.

Declared before the run: FID falls at every step of width and from patch 7 to patch 4; the slope of
log FID on log Gflops is negative with its 95 % interval over seeds clear of zero; from the smallest
to the best model FID falls by a factor of five or more; both feature spaces rank the models alike
(Spearman's rho above 0.9).
"""

from scaling.study import (
    DataSpec,
    Ema,
    EvaluationSpec,
    ModelSpec,
    Protocol,
    Study,
    TrainSpec,
    TrialSpec,
    grid,
)

SIZES = (
    {"model.width": 16, "model.depth": 2, "model.heads": 1},
    {"model.width": 32, "model.depth": 2, "model.heads": 1},
    {"model.width": 48, "model.depth": 2, "model.heads": 2},
    {"model.width": 64, "model.depth": 3, "model.heads": 2},
)
PATCHES = (7, 4)  # 16 and 49 tokens

BASE = TrialSpec(
    data=DataSpec(source="fashion-mnist"),
    model=ModelSpec(input_size=28, channels=1, patch=7, width=16, depth=2, heads=1, num_classes=10),
    # A held-out loss takes 40,000 forward passes, as long as 200 steps: with each FID only.
    train=TrainSpec(
        steps=1200, batch=64, lr=3e-3, log_every=50, heldout_every=10_000, checkpoint_every=300
    ),
    evaluate=EvaluationSpec(
        checkpoints=2,
        ema=Ema(kind="power", length=0.05),
        protocol=Protocol(samples=1000, sampler="ddim", sampling_steps=25, features="fashion-cnn"),
    ),
)

STUDY = Study(
    name="fashion",
    question="How does the quality of clothes of 28 pixels scale with a DiT's forward Gflops?",
    expectation="FID falls at every step of width and to a finer patch; the slope of log FID on "
    "log Gflops is negative with its 95 % interval over seeds clear of zero.",
    trials=grid(BASE, {"size": SIZES, "model.patch": PATCHES}),
    seeds=3,
)
