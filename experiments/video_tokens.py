"""At equal Gflops, should a DiT of clips spend its tokens on time or on space?

A token of a clip spans ``patch`` x ``patch`` pixels of ``patch_t`` frames (Sora's spacetime
patches). Of scikit-learn's digits that move in 12x12 pixels for 8 frames, 72 tokens cover a clip in
two ways, with 16 numbers in each token: 4x4 pixels of a single frame, or 2x2 pixels of four frames.
Parameters and Gflops are then equal to the last digit, and only what a token sees differs. Three
rungs, steps, batch, data order and EMA equal; the rate is tuned per rung and patch (`video_lr`).

    python -m scaling.sweep video_tokens        about 4 minutes on 2 quiet cores

Measured are the FID over all frames of 1,000 clips and the Fréchet distance over the stacked
features of each clip's 8 frames (clip FD, 512 features). Both are of digits-cnn, on frames averaged
from 12 to 8 pixels: a linear reading of these features names 81 % of held-out digits.

Declared before the run: both distances fall at each rung of both. Time is better spent on: the
clip FD of patch 4 of single frames is lower at each of the three rungs, as a digit that moves
through a token of four frames must be told apart from its own trace; over frames alone the finer
2x2 patch is better, as it is for images.

Found (two seeds, records in results/reference/video_tokens): neither expectation is shown. Clip FD
is the same for both: single frames over four at a ratio of 0.99 [0.55, 1.78] at width 32 and 0.97
[0.59, 1.57] at width 48 (95 %, Welch over seeds). Over frames the coarser patch of single frames
has the lower FID in all four pairs of a seed, 0.85 and 0.79 times the other's, and so it has the
lower held-out loss, 0.95 and 0.94 times; with two seeds no interval excludes 1. From width 32 to 48
neither distance falls for certain. At width 16 the samples are no better than noise (FID 31 to 74,
noise 26): 500 steps at the edge of the rates that were tried teach so narrow a DiT nothing of these
clips, and the rung shows nothing. Looked at, the samples of the wider two are bright strokes in the
right places, but no digit keeps its shape from frame to frame: 500 steps are too few for an answer.
"""

from experiments.digits import SIZES
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
from scaling.study.settings import with_settings

SIDE, FRAMES = 12, 8
PATCHES = (
    {"model.patch": 4, "model.patch_t": 1},
    {"model.patch": 2, "model.patch_t": 4},
)
RUNGS = SIZES[:3]
TUNED_LR = {  # (width, patch_t) -> the best of `video_lr`
    (16, 1): 2.4e-2,
    (16, 4): 2.4e-2,
    (32, 1): 1.2e-2,
    (32, 4): 1.2e-2,
    (48, 1): 1.2e-2,
    (48, 4): 1.2e-2,
}

BASE = TrialSpec(
    model=ModelSpec(
        input_size=SIDE,
        frames=FRAMES,
        channels=1,
        patch=4,
        width=16,
        depth=2,
        heads=2,
        num_classes=10,
    ),
    data=DataSpec(source="moving-digits", size=SIDE, frames=FRAMES),
    train=TrainSpec(
        steps=500, batch=64, lr=6e-3, log_every=50, heldout_every=250, checkpoint_every=250
    ),
    evaluate=EvaluationSpec(
        checkpoints=1,
        ema=Ema(kind="power", length=0.05),
        protocol=Protocol(
            samples=1000,
            sampler="ddim",
            sampling_steps=25,
            features="digits-cnn",
            metrics=("fid", "clip_fd"),
        ),
    ),
)

STUDY = Study(
    name="video_tokens",
    question="At equal Gflops, should a DiT of clips spend its tokens on time or on space?",
    expectation="FID and clip FD fall at each rung of both; clip FD is lower with tokens of single "
    "frames at each of three rungs, FID over frames with the finer patch.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[trial.model.width, trial.model.patch_t]})
        for trial in grid(BASE, {"size": RUNGS, "patch": PATCHES})
    ),
    seeds=2,
    nuisance={
        "train.lr": "tuned on held-out loss for each rung and patch, three tries each (video_lr); "
        "of the narrowest the best lay at the edge",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "tokens, parameters, Gflops": "equal for both patches of a rung",
        "batch, steps, data order": "equal for all",
    },
)
