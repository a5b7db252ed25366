"""How does a study that takes GPU-days run through every stage in seconds? By shrinking its trials.

Each trial becomes small and uses synthetic data of the same kind: latents stay latents with a
decoder, and pixels stay pixels. Each family gives a small network of its own kind. Input size,
objective, schedule and sampler are kept. The measured values mean nothing.
"""

from scaling.study.network import LATENT_FACTOR, frames_of
from scaling.study.specs.ema import Ema
from scaling.study.specs.trial import DataSpec, TrialSpec

STEPS, BATCH, SAMPLES, SAMPLING_STEPS = 4, 4, 4, 2
LATENTS, DECODER = "synthetic", "synthetic"
PIXELS = "synthetic-pixels"
SHAPE_OF = {
    LATENTS: {"channels": 4, "num_classes": 1000},
    PIXELS: {"channels": 3, "num_classes": 10},
}


def debug(trial: TrialSpec) -> TrialSpec:
    """``trial`` at debug scale: a few steps, a small model, a few samples, nothing downloaded."""
    m, t, p = trial.model, trial.train, trial.evaluate.protocol
    source = LATENTS if p.decoder else PIXELS
    height, width = m.input_shape[-2:]
    factor = LATENT_FACTOR if p.decoder else 1
    protocol = p.model_dump() | {
        "samples": SAMPLES,
        "sampling_steps": SAMPLING_STEPS,
        "decoder": DECODER if p.decoder else None,
        "features": "digits-cnn",
        "spaces": (),
        "references": ("heldout",),
        "reference_images": SAMPLES,
        "metrics": ("fid",),
        "precision": "fp32",
        "class_draw": "random",
    }
    return TrialSpec.model_validate(
        {
            **trial.model_dump(),
            "model": m.debug_twin(**SHAPE_OF[source]),
            "data": DataSpec(
                source=source,
                size=height * factor,
                width=None if width == height else width * factor,
                frames=frames_of(m) if frames_of(m) > 1 else None,
                flip=trial.data.flip,
            ).model_dump(),
            "train": t.model_dump()
            | {
                "steps": STEPS,
                "batch": BATCH,
                "log_every": 2,
                "heldout_every": STEPS,
                "checkpoint_every": 2,
                "warmup_steps": min(t.warmup_steps, 1),
                "precision": "fp32",
                "init": None,  # of another shape
            },
            "evaluate": {
                "checkpoints": 1,
                "ema": Ema(kind="power", length=0.1).model_dump(),
                "protocol": protocol,
            },
        }
    )
