"""Does one modulation for all blocks, with cross-attention, tell a class as well as adaLN-zero?

PixArt-alpha (arXiv 2310.00426) shares one modulation among its blocks (adaLN-single) and lets them
attend to the condition; DiT gives each block a modulation of its own. The paper's aim was text, and
fewer parameters. Here both learn classes, PixArt as one learned vector that is attended to: three
rungs at patch 2 on scikit-learn's digits. A PixArt block is dearer, so widths are chosen that cost
what the DiT of the rung does, within 3 %. Steps, batch, data order, EMA and protocol are those of
`digits`, and its DiT trainings are shared.

    python -m scaling.sweep pixart_conditioning    18 trainings, about 3 minutes on 2 quiet cores

Declared before the run: DiT's FID is lower at each rung. The class is in all that a digit's image
needs to know, and a modulation of its own in each block is the cheaper road to it: a factor of 1.1
to 1.5 in FID.

Found (three seeds, records in results/reference/pixart_conditioning): DiT's FID is lower at each
rung, as declared, and by more than declared: PixArt's is 1.65 [1.43, 1.92], 2.17 [1.81, 2.60] and
2.07 [1.74, 2.46] times DiT's from the smallest up (95 %, Welch over seeds). The two differ in more
than the modulation: at equal Gflops a PixArt here is narrower and a block deeper.
"""

from experiments.digits import BASE, FASTER, SIZES, TUNED_LR
from scaling.study import Study, grid
from scaling.study.families import PixArt
from scaling.study.settings import with_settings

PATCH = 2
HEAD_CHANNELS = 12
PIXARTS = {12: 1.2e-2, 24: 6e-3, 36: 6e-3}  # width -> the best rate of `pixart_lr`
ONE = with_settings(BASE, {**FASTER, "model.patch": PATCH, "evaluate.checkpoints": 1})


def pixart(width: int) -> PixArt:
    """Three blocks that cost what the two of the DiT of its rung do."""
    return PixArt(
        input_size=8,
        channels=1,
        num_classes=10,
        patch=PATCH,
        depth=3,
        width=width,
        heads=width // HEAD_CHANNELS,
        text_tokens=1,
        text_width=16,
    )


STUDY = Study(
    name="pixart_conditioning",
    question="At equal Gflops, does one shared modulation with cross-attention (PixArt) tell the "
    "class as well as a modulation for each block (DiT)?",
    expectation="DiT's FID is lower at each of three rungs, by a factor of 1.1 to 1.5.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
        for trial in grid(ONE, {"size": SIZES[:3]})
    )
    + tuple(
        with_settings(ONE, {"model": pixart(width), "train.lr": lr})
        for width, lr in PIXARTS.items()
    ),
    seeds=3,
    nuisance={
        "train.lr": "tuned on held-out loss: five tries for each DiT (digits_lr) and each PixArt "
        "(pixart_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "Gflops": "PixArt and DiT of a rung within 3 %",
        "batch, steps, data order": "equal for all",
    },
)
