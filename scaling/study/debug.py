"""How does a study of GPU-days run through every stage in seconds? Each trial small, on synthetic
data of its shape.

Latents stay latents with a decoder, pixels pixels. Patch, input size, conditioning, objective,
schedule and sampler stay what they are. The figures mean nothing.
"""

from scaling.study.ladder import SIZES
from scaling.study.protocol import Ema
from scaling.study.spec import LATENT_FACTOR, DataSpec, TrialSpec

# depth, width
SHAPES = {SIZES["S"]: (1, 8), SIZES["B"]: (1, 16), SIZES["L"]: (2, 16), SIZES["XL"]: (2, 24)}
STEPS, BATCH, SAMPLES, SAMPLING_STEPS = 4, 4, 4, 2
LATENTS, DECODER = "synthetic", "synthetic"
PIXELS = "synthetic-pixels"
SHAPE_OF = {
    LATENTS: {"channels": 4, "num_classes": 1000},
    PIXELS: {"channels": 3, "num_classes": 10},
}


def debug(trial: TrialSpec) -> TrialSpec:
    """``trial`` at debug scale: a few steps of a model of a few channels, a few samples, nothing
    downloaded.
    """
    m, t, p = trial.model, trial.train, trial.evaluate.protocol
    depth, width = SHAPES.get((m.depth, m.width, m.heads), (1, 8))
    source = LATENTS if p.decoder else PIXELS
    protocol = p.model_dump() | {
        "samples": SAMPLES,
        "sampling_steps": SAMPLING_STEPS,
        "decoder": DECODER if p.decoder else None,
        "features": "digits-cnn",
        "references": ("heldout",),
        "reference_images": SAMPLES,
        "metrics": ("fid",),
        "precision": "fp32",
        "class_draw": "random",
    }
    return TrialSpec.model_validate(
        {
            **trial.model_dump(),
            "model": m.model_dump()
            | {"depth": depth, "width": width, "heads": 2, **SHAPE_OF[source]},
            "data": DataSpec(
                source=source,
                size=m.input_size * (LATENT_FACTOR if p.decoder else 1),
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
            },
            "evaluate": {
                "checkpoints": 1,
                "ema": Ema(kind="power", length=0.1).model_dump(),
                "protocol": protocol,
            },
        }
    )
