"""Does DiT-XL/2 carry over to 512x512? Four times the tokens, 3M steps (DiT, Tables 3 and 4).

    scaling encode --images IMAGENET/train --vae sd-vae-ft-mse --size 512 --upscale \\
        --out data/imagenet-512-sd-vae-ft-mse
    python -m scaling.sweep imagenet512 --address auto --gpus-per-trial 8
    python -m scaling.sweep imagenet512 --set scale=debug

Price: 1697 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 552, in tf32. The
reference is ADM's VIRTUAL_imagenet512.npz.

Expected without guidance, decoded by ft-MSE (DiT, Table 4): 13.78 at 1.3M steps, 11.93 at 3M.
"""

from experiments.dit_imagenet256 import BASE, MFU, NUISANCE
from scaling.study import Study
from scaling.study.settings import with_settings

__all__ = ["MFU", "STUDY"]

STUDY = Study(
    name="imagenet512",
    question="How far does the FID of DiT-XL/2 at 512x512 fall in 3M steps?",
    expectation="13.78 at 1.3M steps and 11.93 at 3M, without guidance (DiT, Table 4).",
    trials=(
        with_settings(
            BASE,
            {
                "model.input_size": 64,
                "data.size": 512,
                "train.steps": 3_000_000,
                "train.checkpoint_every": 50_000,
                "evaluate.every": 100_000,
                "evaluate.protocol.references": ("VIRTUAL_imagenet512.npz",),
                "evaluate.protocol.manifold_images": 1000,
            },
        ),
    ),
    nuisance=NUISANCE,
)
