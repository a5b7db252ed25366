"""What does guidance gain, and what does it cost? FID, precision and recall against its scale.

    python -m scaling.sweep guidance
    python -m scaling.sweep guidance --set scale=imagenet256

The first takes some minutes: on digits, 2 models x 7 scales. The second is XL/2 and B/2 x 7 scales,
FID-50K, with guidance on 3 channels as released.

There is one training per model, shared with `digits` by identity; only the guidance differs. A
guided step is two forward passes. At the paper's scale that is 8.7e19 training FLOPs and 4.6e19 to
sample, without the decoder.

Declared before the run: FID is lowest at a scale a little above 1 and rises on both sides of it,
while recall falls and precision rises all the way (classifier guidance: Dhariwal & Nichol, arXiv
2105.05233, Figure 4; classifier-free: Ho & Salimans, arXiv 2207.12598, Figure 1; DiT-XL/2's best
FID is 2.27 at 1.5 on 3 channels, against 9.62 unguided: arXiv 2212.09748, Table 2). Digits of one
class vary little, so the best scale may well be 1 here.

Found (one seed, records in results/reference/guidance): as expected, the FID of d3w64 falls from
5.0 unguided to 1.1 at scale 2 and is back at 4.9 at scale 4, and recall falls from 0.74 to 0.28.
Against the expectation, precision rises to 0.85 at 2.5 and then falls to 0.75. d2w16 makes no
digits (precision under 0.01), and guidance does not help it (FID 56 at every scale).
"""

from experiments.digits import BASE, SIZES, TUNED_LR
from experiments.sampling_compute import IMAGENET
from scaling.study import ModelSpec, Study, grid
from scaling.study.settings import with_settings

SCALES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
METRICS = {"evaluate.protocol.metrics": ("fid", "precision", "recall")}

STUDY = Study(
    name="guidance",
    question="What does guidance buy, and what does it cost?",
    expectation="FID is lowest a little above guidance 1; recall falls and precision rises with "
    "guidance all the way.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
        for trial in grid(
            with_settings(BASE, {"model.patch": 4, "evaluate.checkpoints": 1, **METRICS}),
            {"size": (SIZES[0], SIZES[3]), "evaluate.protocol.guidance": SCALES},
        )
    ),
    scales={
        "imagenet256": tuple(
            with_settings(
                trial,
                {
                    "evaluate.protocol.guidance": scale,
                    "evaluate.protocol.guidance_channels": 3,
                    "evaluate.protocol.samples": 50_000,
                    **METRICS,
                },
            )
            for trial in (
                IMAGENET.model_copy(update={"model": ModelSpec.preset(name)})
                for name in ("DiT-B/2", "DiT-XL/2")
            )
            for scale in SCALES
        )
    },
    nuisance={
        "train.lr": "digits: tuned per size on held-out loss (digits_lr); imagenet256: the paper's "
        "1e-4",
        "label dropout": "0.1 in training, the paper's",
        "sampler": "ancestral DDPM, the noise of a sample the same at every scale",
    },
)
