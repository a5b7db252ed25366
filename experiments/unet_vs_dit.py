"""At equal Gflops, which makes the better digits: a U-Net or a DiT? The paper's comparison, small.

DiT's Figure 2 sets DiTs beside ADM and LDM at their Gflops. Here both are trained alike: three
rungs of patch-2 DiTs of `digits`, and for each a U-Net of ADM's design that costs what it does,
within 1.5 %. On 8x8 pixels a convolution runs at every place, so at these Gflops a U-Net is only 4
to 8 channels wide. Steps, batch, data order, EMA and protocol are those of `digits`, and its DiT
trainings are shared. The U-Nets' rates are those of `unet_lr`.

    python -m scaling.sweep unet_vs_dit    18 trainings, about 12 minutes on 2 quiet cores

Declared before the run: FID falls with Gflops for both, and DiT is better at each of the three
rungs, as the paper found at scale. If the U-Net is better anywhere, it is at the smallest rung,
where the prior that neighbours belong together is worth most.

Found (three seeds, records in results/reference/unet_vs_dit): the opposite of what was declared.
The U-Net's FID is 0.32 times DiT's at the two larger rungs ([0.28, 0.37] and [0.24, 0.43], 95 %,
Welch over seeds), 1.80 and 1.31 against 5.62 and 4.10, and its held-out loss is lower at all three.
At the smallest rung, where the U-Net was given its best chance, nothing is resolved: 1.58 [0.44,
5.62]. There a U-Net of 4 channels draws noise in place of some digits, and one of its three seeds
has an FID of 21.6 beside 8.5 and 9.0. FID falls with Gflops for both. Networks of 0.03 to
0.25 million parameters on 8x8 pixels say nothing of latents of 32x32.
"""

from experiments.digits import BASE, FASTER, SIZES, TUNED_LR
from scaling.study import Study, grid
from scaling.study.families import PixelUNet
from scaling.study.settings import with_settings

PATCH = 2
DITS = SIZES[1:]
ONE = with_settings(BASE, {**FASTER, "model.patch": PATCH, "evaluate.checkpoints": 1})
UNETS = {  # width -> multipliers, and the rate of `unet_lr`
    4: ((1, 2, 2), 6e-3),
    6: ((1, 2, 2), 1.2e-2),
    8: ((1, 2.5, 3), 6e-3),
}


def unet(width: int) -> PixelUNet:
    """The U-Net that costs what the DiT of its rung does."""
    multipliers, _ = UNETS[width]
    return PixelUNet(
        input_size=8,
        channels=1,
        num_classes=10,
        width=width,
        multipliers=multipliers,
        blocks=2,
        attention=(4,),
        groups=2,
        head_channels=4,
    )


STUDY = Study(
    name="unet_vs_dit",
    question="At equal Gflops, which makes the better digits: a U-Net or a DiT?",
    expectation="FID falls with Gflops for U-Nets and DiTs, and DiT is better at each of three "
    "rungs.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
        for trial in grid(ONE, {"size": DITS})
    )
    + tuple(
        with_settings(ONE, {"model": unet(width), "train.lr": lr})
        for width, (_, lr) in UNETS.items()
    ),
    seeds=3,
    nuisance={
        "train.lr": "tuned on held-out loss for each network, five tries each (digits_lr, unet_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "Gflops": "U-Net and DiT of a rung within 1.5 %",
        "batch, steps, data order": "equal for all",
    },
)
