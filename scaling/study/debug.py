"""How does a study of GPU-days run through every stage in seconds? Each trial small, on synthetic latents of its shape.

Patch, latent size, conditioning, objective, schedule and sampler stay what they are. The figures mean nothing.
"""

from scaling.study.ladder import SIZES
from scaling.study.protocol import Ema
from scaling.study.spec import LATENT_FACTOR, DataSpec, TrialSpec

SHAPES = {SIZES["S"]: (1, 8), SIZES["B"]: (1, 16), SIZES["L"]: (2, 16), SIZES["XL"]: (2, 24)}  # depth, width
STEPS, BATCH, SAMPLES, SAMPLING_STEPS = 4, 4, 8, 2
CHANNELS, CLASSES = 4, 1000    # of the synthetic latents
SYNTHETIC = "synthetic"        # the data, the decoder


def debug(trial: TrialSpec) -> TrialSpec:
    """``trial`` at debug scale: a few steps of a model of a few channels, a few samples, nothing downloaded."""
    m, t, p = trial.model, trial.train, trial.evaluate.protocol
    depth, width = SHAPES.get((m.depth, m.width, m.heads), (1, 8))
    protocol = p.model_dump() | {
        "samples": SAMPLES, "sampling_steps": SAMPLING_STEPS, "decoder": SYNTHETIC, "features": "digits-cnn",
        "references": ("heldout",), "metrics": ("fid",), "precision": "fp32", "class_draw": "random"}
    return TrialSpec.model_validate({
        **trial.model_dump(),
        "model": m.model_dump() | {"depth": depth, "width": width, "heads": 2, "channels": CHANNELS, "num_classes": CLASSES},
        "data": DataSpec(source=SYNTHETIC, size=m.input_size * LATENT_FACTOR, flip=trial.data.flip).model_dump(),
        "train": t.model_dump() | {"steps": STEPS, "batch": BATCH, "log_every": 2, "heldout_every": STEPS,
                                   "checkpoint_every": 2, "warmup_steps": min(t.warmup_steps, 1), "precision": "fp32"},
        "evaluate": {"checkpoints": 1, "ema": Ema(kind="power", length=0.1).model_dump(), "protocol": protocol}})
