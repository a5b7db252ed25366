"""Can a small model sampled with more steps beat a large one? DiT's Figure 10.

It shows FID against sampling compute.

    python -m scaling.sweep sampling_compute
    python -m scaling.sweep sampling_compute --set scale=imagenet256

The first takes some minutes: on digits, 4 models x 7 numbers of steps. The second is the paper's 12
models x 16 to 1,000 steps.

There is one training per model, shared with `digits` by identity; only the number of ancestral DDPM
steps differs. At the paper's scale, FID-10K of models after 400K steps, that is 1.8e20 training
FLOPs and 8.9e18 to sample, without the decoder.

Declared before the run, from the paper (arXiv 2212.09748, section 5, Figure 10): no. L/2 at 1,000
steps (80.7 Tflops an image, FID-10K 25.9) stays behind XL/2 at 128 (15.2 Tflops, 23.7). Here too
FID falls with steps and levels off, and no smaller model at its most steps beats the best FID of
the next larger one.

Found (one seed, records in results/reference/sampling_compute): as expected, no model at 250 steps
beats the best FID of the next larger one (6.9, 5.6, 4.7 from d2w32 up). Against the expectation,
the smallest model gets worse with more steps (38.5 at 4, 57.7 at 250), and the others still fall at
250. Below 0.008 Gflops an image, d2w32 with more steps beats the larger models with fewer.
"""

from experiments import dit_imagenet256
from experiments.digits import BASE, SIZES, TUNED_LR
from scaling.study import ModelSpec, Study, grid
from scaling.study.settings import with_settings

STEPS = (4, 8, 16, 32, 64, 128, 250)
PAPERS_STEPS = (16, 32, 64, 128, 256, 1000)

# The trainings of dit_imagenet256, by identity, measured at their end only.
IMAGENET = with_settings(
    dit_imagenet256.BASE, {"evaluate.every": None, "evaluate.protocol.samples": 10_000}
)

DIGITS = tuple(
    with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]})
    for trial in grid(
        with_settings(BASE, {"model.patch": 4, "evaluate.checkpoints": 1}),
        {"size": SIZES, "evaluate.protocol.sampling_steps": STEPS},
    )
)

STUDY = Study(
    name="sampling_compute",
    question="Can a small model sampled with more steps beat a large one?",
    expectation="No: FID levels off with steps, and no model at its most steps beats the best FID "
    "of the next larger one.",
    trials=DIGITS,
    scales={
        "imagenet256": tuple(
            with_settings(trial, {"evaluate.protocol.sampling_steps": steps})
            for name in (
                f"DiT-{size}/{patch}" for size in ("S", "B", "L", "XL") for patch in (8, 4, 2)
            )
            for trial in [IMAGENET.model_copy(update={"model": ModelSpec.preset(name)})]
            for steps in PAPERS_STEPS
        )
    },
    nuisance={
        "train.lr": "digits: tuned per size on held-out loss (digits_lr); imagenet256: the paper's "
        "1e-4 for all",
        "ema": "digits: power-function average, 5 % of training long; imagenet256: the paper's "
        "0.9999",
        "sampler": "ancestral DDPM with learned sigma, the noise of a sample the same for every "
        "model",
        "guidance": "none",
    },
)
