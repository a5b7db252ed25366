"""Does flow matching beat diffusion at every scale? Four sizes at patch 2, as DiT and as SiT.

    python -m scaling.sweep flow_vs_diffusion --address auto --gpus-per-trial 1
    python -m scaling.sweep flow_vs_diffusion --set scale=debug

Price: 197 GPU-hours on an H100 at 40 % MFU for training, in bf16. Sampling adds 128, in tf32. Both
are half as much if dit_imagenet256 has run.

Expected after 400K steps, with 250 steps of DDPM and of SiT's SDE (SiT, arXiv 2401.08740, Table 8;
DiT, Table 4): S/2 68.4 and 57.6, B/2 43.5 and 33.0, L/2 23.3 and 18.8, XL/2 19.5 and 17.2.
"""

from experiments.dit_imagenet256 import BASE, MFU, NUISANCE, SIZE_AXIS
from scaling.study import Study, grid

__all__ = ["MFU", "STUDY"]

RECIPES = (
    {"diffusion.objective": "ddpm", "evaluate.protocol.sampler": "ddpm", "model.learn_sigma": True},
    {"diffusion.objective": "flow", "evaluate.protocol.sampler": "sde", "model.learn_sigma": False},
)

STUDY = Study(
    name="flow_vs_diffusion",
    question="Does flow matching give a lower FID than diffusion at every size of DiT, at equal "
    "training?",
    expectation="Flow is lower at every size: 57.6, 33.0, 18.8, 17.2 against 68.4, 43.5, 23.3, "
    "19.5 (SiT, Table 8).",
    trials=grid(BASE, {"size": SIZE_AXIS, "recipe": RECIPES}),
    nuisance={**NUISANCE, "sampler": "250 steps of each recipe's own: ancestral DDPM, SiT's SDE"},
)
