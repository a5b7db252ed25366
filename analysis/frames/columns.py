"""Which columns does each frame have, and of which type?

``results/README.md`` explains every column; a test holds that dictionary to these schemas.
"""

import polars as pl

PART = pl.Struct(  # of an FDr, in one feature space
    {
        "features": pl.String,
        "fd": pl.Float64,
        "se": pl.Float64,
        "real": pl.Float64,
        "real_se": pl.Float64,
        "ratio": pl.Float64,
    }
)
WHICH = {  # which trial a row belongs to; first in every frame
    "study": pl.String,
    "trial_id": pl.String,
    "train_id": pl.String,
    "cell": pl.String,
    "model": pl.String,
    "model_id": pl.String,
    "family": pl.String,
    "rung": pl.String,
    "series": pl.String,  # null: the family has one curve
    "tokenizer": pl.String,  # the autoencoder that made the latents, or pixels
    # fields of a DiT; null for a family without them
    "size": pl.String,
    "patch": pl.Int64,
    "tokens": pl.Int64,
    "conditioning": pl.String,
    "heads": pl.Int64,
    "seed": pl.Int64,
    "lr": pl.Float64,
    "batch": pl.Int64,
    "state": pl.String,
    "params_m": pl.Float64,
    "forward_gmacs": pl.Float64,
}
HOW = {  # how the values of a row were measured
    "ema": pl.String,
    "sampling": pl.String,
    "sampler": pl.String,
    "sampling_steps": pl.Int64,
    "guidance": pl.Float64,
    "sampling_gmacs": pl.Float64,
    "protocol": pl.String,
    "data": pl.String,
    "objective": pl.String,
    "weighting": pl.String,
    "schedule": pl.String,
    "recipe": pl.String,
}
OF_TRIAL = {
    "why": pl.String,
    "steps": pl.Int64,
    "step": pl.Int64,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    "loss": pl.Float64,
    "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64,
    "images_per_s": pl.Float64,
    "fid": pl.Float64,
    "fid_se": pl.Float64,
    "fid_noise": pl.Float64,
    "kid": pl.Float64,
    "fid_vs_heldout": pl.Float64,
    "rfid": pl.Float64,
    "tokenizer_factor": pl.Int64,
    "tokenizer_channels": pl.Int64,
    "decoder_gmacs": pl.Float64,
    "nearer_to_train": pl.Float64,
    "copies": pl.Float64,
    "fid_features": pl.String,
    "fid_samples": pl.Int64,
    "fid_reference": pl.String,
    "fid_label": pl.String,
    "fid_label_over_steps": pl.String,
    "warning": pl.String,
    "wall_s": pl.Float64,
}
OF_EVALUATION = {
    "eval_id": pl.String,
    "step": pl.Int64,
    "at_end": pl.Boolean,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    "metric": pl.String,
    "value": pl.Float64,
    "std": pl.Float64,
    "se": pl.Float64,
    "reference": pl.String,
    "headline": pl.Boolean,
    "features": pl.String,
    "samples": pl.Int64,
    "label": pl.String,
    "label_over_guidance": pl.String,
    "why": pl.String,
    "warning": pl.String,
    "noise": pl.Float64,
    "parts": pl.String,  # JSON of a list of PART, so that the table can be written as CSV
    "weights": pl.String,
    "measured": pl.String,
    "wall_s": pl.Float64,
}
OF_LINE = {  # of ``curve.jsonl``, as training logs it
    "step": pl.Int64,
    "images": pl.Int64,
    "loss": pl.Float64,
    "heldout_loss": pl.Float64,
    "heldout_mse": pl.Float64,
    "heldout_ema": pl.String,
    "heldout_bins": pl.List(pl.Float64),
    "grad_norm": pl.Float64,
    "images_per_s": pl.Float64,
    "mfu": pl.Float64,
    "train_wall_s": pl.Float64,
}
OF_STEP = {
    "step": pl.Int64,
    "images": pl.Int64,
    "train_flops": pl.Float64,
    **{name: kind for name, kind in OF_LINE.items() if name not in ("step", "images")},
}
TRIALS = WHICH | HOW | OF_TRIAL
EVALUATIONS = WHICH | HOW | OF_EVALUATION
CURVES = WHICH | OF_STEP

PLACE = {"trial": pl.UInt32}  # the trial's place in the plan
TABLES = {  # as they are cached: what several rows share stands in the table of trials alone
    "trials": PLACE | WHICH | HOW | OF_TRIAL,
    "evaluations": PLACE | OF_EVALUATION,
    "curves": PLACE | OF_STEP,
}
