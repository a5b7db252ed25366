"""How far does the FID of DiT-XL/2 fall in 7M steps at 256x256?

It is evaluated with and without guidance (DiT, Tables 2 and 4).

    python -m scaling.sweep long_run --address auto --gpus-per-trial 8
    python -m scaling.sweep long_run --set scale=debug

Price: 895 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 146, in tf32, with
guided steps counted twice. One training serves the three guidance scales; if dit_imagenet256 has
run, it continues from the 400K steps there.

Expected at 7M steps, decoded by ft-EMA, with guidance on 3 of the 4 channels as released (DiT,
Table 2): 9.62 without guidance, 3.22 at 1.25, 2.27 at 1.5.
"""

from experiments.dit_imagenet256 import BASE, MFU, NUISANCE
from scaling.study import Study, grid
from scaling.study.settings import with_settings

__all__ = ["MFU", "STUDY"]

LONG = with_settings(
    BASE,
    {
        "train.steps": 7_000_000,
        "train.checkpoint_every": 50_000,
        "evaluate.every": 1_000_000,
        "evaluate.protocol.decoder": "sd-vae-ft-ema",
        "evaluate.protocol.guidance_channels": 3,
    },
)

STUDY = Study(
    name="long_run",
    question="How far does the FID of DiT-XL/2 at 256x256 fall in 7M steps?",
    expectation="9.62 without guidance, 3.22 at 1.25, 2.27 at 1.5 (DiT, Table 2).",
    trials=grid(LONG, {"evaluate.protocol.guidance": [1.0, 1.25, 1.5]}),
    nuisance={
        **NUISANCE,
        "guidance": "1.0, 1.25, 1.5 on 3 of 4 channels, fixed before the run: the paper's",
    },
)
