"""Should an MM-DiT grow in depth and width together, as SD3's does, or in one of them alone?

SD3 (arXiv 2403.03206) ties width to depth: 64 channels for each block. On scikit-learn's digits
three ways leave one small MM-DiT of 3 blocks and width 24: both together (8 channels for each
block), depth alone, width alone. A rectified flow with logit-normal times, as SD3 has, and classes
as four learned vectors in place of text. Trained half as long as in `digits`.

    python -m scaling.sweep mmdit_depth    14 trainings, about 6 minutes on 2 quiet cores

Declared before the run: FID falls along each way. At equal Gflops the three differ by less than a
factor of 1.2 in FID, and depth alone is the worst: with 16 tokens there is little to do in a row.

Found (two seeds, records in results/reference/mmdit_depth): FID falls along each way, from 4.04 to
2.83 and 2.32 together, to 2.99 and 2.63 by depth, to 3.45 and 2.74 by width. Brought to equal
Gflops along the slope of the first way (-0.37), the three are within a factor of 1.19 at twice the
cost of the smallest and within 1.11 at four times, as declared. Depth alone is not the worst: it
is a draw with the first way at twice the cost, where width alone is 1.19 times that, and a draw
with width at four times. Two seeds do not resolve these: of the widest model they are 3.31 and
2.27.

Run again on another machine, whose sums round otherwise (losses differ by 1e-6 after 50 steps), the
FIDs differ by 5.4 % (rms of 14, the largest 17 %): as much as training again moves them.
"""

from experiments.digits import BASE
from scaling.study import Study
from scaling.study.families import MMDiT
from scaling.study.settings import with_settings

WAYS = {  # (depth, width) -> the best rate of `mmdit_lr`
    "start": {(3, 24): 6e-3},
    "together": {(4, 32): 1.2e-2, (5, 40): 1.2e-2},
    "depth": {(6, 24): 1.2e-2, (12, 24): 1.2e-2},
    "width": {(3, 36): 6e-3, (3, 48): 1.2e-2},
}
SHAPES = {shape: lr for way in WAYS.values() for shape, lr in way.items()}


def mmdit(depth: int, width: int) -> MMDiT:
    return MMDiT(
        input_size=8,
        channels=1,
        num_classes=10,
        learn_sigma=False,
        patch=2,
        depth=depth,
        head_width=width // depth,
        text_tokens=4,
        text_width=16,
        pooled_width=16,
    )


FLOW = {"model.learn_sigma": False, "diffusion.objective": "flow"}
ONE = with_settings(
    with_settings(BASE, FLOW),
    {
        "model": mmdit(3, 24),
        "diffusion.weighting": "logit-normal",
        "train.steps": 750,
        "evaluate.checkpoints": 1,
        "evaluate.protocol.sampler": "heun",
        "evaluate.protocol.sampling_steps": 13,
    },
)

STUDY = Study(
    name="mmdit_depth",
    question="At equal Gflops, is an MM-DiT better that grows in depth and width together, in "
    "depth alone or in width alone?",
    expectation="The three ways differ by less than a factor of 1.2 in FID at equal Gflops; depth "
    "alone is the worst.",
    trials=tuple(
        with_settings(ONE, {"model": mmdit(*shape), "train.lr": lr}) for shape, lr in SHAPES.items()
    ),
    seeds=2,
    nuisance={
        "train.lr": "tuned on held-out loss, four tries for each model (mmdit_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "batch, steps, data order": "equal for all",
    },
)
