"""Which parts of the transformer of 2026 are worth compute, and do they keep their worth with size?

DiT's recipe becomes JiT's (arXiv 2511.13720) one change at a time; each step keeps all before it:

    dit         DDPM, epsilon and sigma; layer norms, GELU, sine-cosine positions
    flow        the linear path, the network predicts velocity (SiT, arXiv 2401.08740)
    time        the network is told 1000 t, not t
    x           it predicts the image, with the loss in velocity
    logit       times are logit-normal, with JiT's mean and deviation (0.8 towards noise, 0.8)
    swiglu      SwiGLU in place of the GELU MLP, at the same MACs
    norms       RMS norms, and norms of queries and keys
    rope        rotary positions beside the sine-cosine ones
    classes     class tokens in context, from the second block on

On scikit-learn's digits: three sizes at patch 2, trained half as long as in `digits`, with its
batch, data order and EMA.
JiT's bottleneck has no place here, as a patch has 4 numbers. Each step's rates are tuned at each
size by `recipe_ladder_lr`. Every sample takes 25 forward passes: DDIM, or 13 steps of Heun.

    python -m scaling.sweep recipe_ladder    54 trainings, about 6 minutes on 2 quiet cores
    scaling compare recipe_ladder            what each step is worth, over the one before it
    python -m scaling.sweep recipe_ladder --set scale=imagenet256 --address auto --gpus-per-trial 1

Declared before the run: flow and time lower FID at every size. SwiGLU, norms and rotary positions
are worth a factor of compute of 0.8 to 1.5 each and do not change with size: 16 tokens of 4 numbers
leave them little to do. Logit-normal times, tuned for 256 px, do not help. The whole ladder is
worth more than a factor of 2.

Found (two seeds, records in results/reference/recipe_ladder), FID at equal sizes over that of the
step before: flow 0.51 [0.42, 0.62], time 0.97 [0.80, 1.17], x 1.39 [1.19, 1.62] (95 %, Welch). So
flow is the better at every size, as declared; 1000 t is not shown to be, and x under uniform times
is worse. The later steps are not resolved: of width 48 one training of two spikes at the rate that
one seed had chosen (FID 162, 103 and 94, where the other has 2.9, 3.4 and 2.4), from logit-normal
times to norms, and one of width 32 at norms. Of the others logit-normal times halve the FID of x,
against what was declared. At the ladder's end FID is 4.1, 2.8 and 1.9 at widths 16, 32 and 48,
where DiT has 14.9, 10.9 and 10.6. No factor of compute is resolved, that of the whole ladder
neither: in 750 steps DiT's own FID hardly falls with size, so that its law carries no compute far.
"""

from typing import Any

from experiments import digits
from experiments.dit_imagenet256 import BASE as IMAGENET
from experiments.dit_imagenet256 import SIZE_AXIS
from scaling.study import Study, TrialSpec, grid
from scaling.study.settings import with_settings

PATCH = 2
PASSES = {  # the same number of forward passes a sample for both
    "ddpm": {"evaluate.protocol.sampler": "ddim", "evaluate.protocol.sampling_steps": 25},
    "flow": {"evaluate.protocol.sampler": "heun", "evaluate.protocol.sampling_steps": 13},
}
CHANGES: dict[str, dict[str, Any]] = {
    "dit": {"diffusion.objective": "ddpm", "model.learn_sigma": True},
    "flow": {"diffusion.objective": "flow", "model.learn_sigma": False},
    "time": {"diffusion.time_scale": 1000.0},
    "x": {"diffusion.prediction": "x", "diffusion.loss_in": "v"},
    "logit": {
        "diffusion.weighting": "logit-normal",
        "diffusion.logit_mean": 0.8,
        "diffusion.logit_std": 0.8,
    },
    "swiglu": {"model.mlp": "swiglu"},
    "norms": {"model.norm": "rms", "model.qk_norm": True},
    "rope": {"model.positions": "sincos+rope"},
    "classes": {"model.class_tokens": 4, "model.class_tokens_from": 1},
}
SIZES = digits.SIZES[:3]
# step -> the best rates of `recipe_ladder_lr`, by width
TUNED_LR = {
    "dit": {16: 2.4e-2, 32: 1.2e-2, 48: 6e-3},
    "flow": {16: 2.4e-2, 32: 6e-3, 48: 6e-3},
    "time": {16: 1.2e-2, 32: 1.2e-2, 48: 6e-3},
    "x": {16: 2.4e-2, 32: 1.2e-2, 48: 1.2e-2},
    "logit": {16: 6e-3, 32: 6e-3, 48: 6e-3},
    "swiglu": {16: 1.2e-2, 32: 6e-3, 48: 6e-3},
    "norms": {16: 1.2e-2, 32: 6e-3, 48: 6e-3},
    "rope": {16: 1.2e-2, 32: 6e-3, 48: 6e-3},
    "classes": {16: 6e-3, 32: 6e-3, 48: 6e-3},
}


def step_settings(step: str) -> dict[str, Any]:
    """All settings of ``step``: its own change and those before it."""
    settings: dict[str, Any] = {}
    for name, change in CHANGES.items():
        settings |= change
        if name == step:
            break
    return settings | PASSES[settings["diffusion.objective"]]


BASE = with_settings(
    digits.BASE, {"model.patch": PATCH, "train.steps": 750, "evaluate.checkpoints": 1}
)


def trials(base: TrialSpec, step: str, sizes) -> tuple[TrialSpec, ...]:
    """Those of one step of the ladder, a trial for each size."""
    return tuple(
        with_settings(trial, step_settings(step)) for trial in grid(base, {"size": list(sizes)})
    )


STUDY = Study(
    name="recipe_ladder",
    question="Which changes between DiT's recipe and JiT's are worth compute on digits, and does "
    "their worth change with size?",
    expectation="Flow and 1000 t lower FID at every size; SwiGLU, norms and rotary positions are "
    "worth a factor of 0.8 to 1.5 of compute each; the whole ladder more than 2.",
    trials=tuple(
        with_settings(trial, {"train.lr": TUNED_LR[step][trial.model.width]})
        for step in CHANGES
        for trial in trials(BASE, step, SIZES)
    ),
    seeds=2,
    scales={
        "imagenet256": tuple(
            trial for step in CHANGES for trial in trials(IMAGENET, step, SIZE_AXIS[:3])
        )
    },
    nuisance={
        "train.lr": "tuned on the held-out error of what is predicted, for each step and size, "
        "four tries (recipe_ladder_lr)",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "sampling": "25 forward passes a sample: DDIM, or Heun for a flow",
        "batch, steps, data order": "equal for all",
    },
)
