"""Which way of conditioning a DiT on timestep and class is best? The four blocks at XL/2.

This is DiT's Figure 5.

    python -m scaling.sweep conditioning_blocks --address auto --gpus-per-trial 1
    python -m scaling.sweep conditioning_blocks --set scale=debug

Price: 213 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 139, in tf32. If
dit_imagenet256 has run, adaLN-Zero exists already as its XL/2, which saves 51 and 34.

Expected after 400K steps (DiT, Table 4): adaLN-Zero 19.5, adaLN 25.2, cross-attention 26.1,
in-context 35.2.
"""

from experiments.dit_imagenet256 import BASE, MFU, NUISANCE
from scaling.study import Study, grid

__all__ = ["MFU", "STUDY"]

STUDY = Study(
    name="conditioning_blocks",
    question="Which conditioning block of a DiT gives the lowest FID at equal training?",
    expectation="adaLN-Zero 19.5, adaLN 25.2, cross-attention 26.1, in-context 35.2 at 400K steps "
    "(DiT, Table 4).",
    trials=grid(
        BASE, {"model.conditioning": ["adaln-zero", "adaln", "cross-attention", "in-context"]}
    ),
    nuisance=NUISANCE,
)
