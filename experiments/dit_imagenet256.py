"""How does FID on ImageNet 256x256 scale with a DiT's forward Gflops? The DiT paper's own grid.

Four sizes x patch 8, 4, 2 (arXiv 2212.09748, Figure 8) under the paper's protocol: AdamW 1e-4
without decay, batch 256, EMA 0.9999, label dropout 0.1, 400K steps, and FID-50K with 250 DDPM steps
every 50K steps.

    scaling encode --images IMAGENET/train --vae sd-vae-ft-mse --size 256 --upscale \\
        --out data/imagenet-256-sd-vae-ft-mse
    python -m scaling.sweep dit_imagenet256 --address auto --gpus-per-trial 1
    python -m scaling.sweep dit_imagenet256 --set scale=debug    every stage, in seconds, no data

Price: 129 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 84, in tf32 as the
release samples; neither includes the decoder or the features. The references are the statistics of
ADM's evaluation suite, VIRTUAL_imagenet256_labeled.npz, in the working folder.

Expected (DiT, Table 4): S/8 153.6, S/4 100.4, S/2 68.4, B/8 122.7, B/4 68.4, B/2 43.5, L/8 118.9,
L/4 45.6, L/2 23.3, XL/8 106.4, XL/4 43.0, XL/2 19.5; the correlation of FID with log Gflops is
-0.93 (Figure 8).
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
from scaling.study.families.dit.presets import PATCHES, SIZES

MFU = 0.40

BASE = TrialSpec(
    model=ModelSpec.preset("DiT-XL/2"),
    data=DataSpec(source="latents", name="imagenet", size=256, vae="sd-vae-ft-mse", flip=True),
    train=TrainSpec(
        steps=400_000,
        batch=256,
        lr=1e-4,
        precision="bf16",
        log_every=100,
        heldout_every=5_000,
        checkpoint_every=10_000,
    ),
    evaluate=EvaluationSpec(
        every=50_000,
        ema=Ema(kind="decay", length=0.9999),
        protocol=Protocol(
            samples=50_000,
            sampler="ddpm",
            sampling_steps=250,
            decoder="sd-vae-ft-mse",
            features="inception",
            references=("VIRTUAL_imagenet256_labeled.npz",),
            metrics=("fid",),
            precision="tf32",
        ),
    ),
)
SIZE_AXIS = [
    {"model.depth": s.depth, "model.width": s.width, "model.heads": s.heads} for s in SIZES.values()
]
NUISANCE = {
    "train.lr": "1e-4 for all, not tuned: the paper's",
    "ema": "0.9999 for all, the paper's",
    "batch, steps, data order": "equal for all",
    "guidance": "none",
    "precision": "bf16 autocast, weights and EMA in fp32, which the price supposes; "
    "train.precision=tf32 is the release's",
}

STUDY = Study(
    name="dit_imagenet256",
    question="How does FID on ImageNet 256x256 scale with a DiT's forward Gflops?",
    expectation="FID falls with size at every patch and with a finer patch at every size; 19.5 for "
    "XL/2, and a correlation "
    "with log Gflops of -0.93 (DiT, Table 4 and Figure 8).",
    trials=grid(BASE, {"size": SIZE_AXIS, "model.patch": PATCHES}),
    nuisance=NUISANCE,
)
