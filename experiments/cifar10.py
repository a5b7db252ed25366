"""How does FID on CIFAR-10 scale with a DiT's forward Gflops, in pixel space?

S and B at patch 8, 4 and 2, in one GPU-day.

    python -m scaling.sweep cifar10 --gpus-per-trial 1       downloads CIFAR-10 if it can
    python -m scaling.sweep cifar10 --set scale=debug

Price: 20.4 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 3.3, in bf16: five
FID-50K per model.

Expected, declared before the run: FID falls with every step in size and with every finer patch. No
DiT ladder on CIFAR-10 is published; the nearest is U-ViT-S/2, 44M parameters in pixel space after
500K steps: 3.11, unconditional (arXiv 2209.12152).
"""

from experiments.dit_imagenet256 import MFU, SIZE_AXIS
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
from scaling.study.families.dit.presets import PATCHES

__all__ = ["MFU", "STUDY"]

BASE = TrialSpec(
    model=ModelSpec(
        input_size=32, channels=3, patch=2, width=384, depth=12, heads=6, num_classes=10
    ),
    data=DataSpec(source="cifar10", flip=True),
    train=TrainSpec(
        steps=500_000,
        batch=256,
        lr=1e-4,
        precision="bf16",
        log_every=100,
        heldout_every=5_000,
        checkpoint_every=10_000,
    ),
    evaluate=EvaluationSpec(
        checkpoints=5,
        ema=Ema(kind="decay", length=0.9999),
        protocol=Protocol(
            samples=50_000,
            sampler="ddpm",
            sampling_steps=250,
            features="inception",
            references=("train",),
            metrics=("fid",),
            precision="bf16",
        ),
    ),
)

STUDY = Study(
    name="cifar10",
    question="How does FID on CIFAR-10 scale with a DiT's forward Gflops, in pixel space?",
    expectation="FID falls at every step of size and to a finer patch.",
    trials=grid(BASE, {"size": SIZE_AXIS[:2], "model.patch": PATCHES}),
    nuisance={
        "train.lr": "1e-4 for all, not tuned",
        "ema": "0.9999 for all",
        "batch, steps, data order": "equal for all",
        "guidance": "none",
    },
)
