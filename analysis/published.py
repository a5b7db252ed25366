"""What did the papers report? Their tables, in the columns of our own trials where these exist."""

from pathlib import Path

import polars as pl

PUBLISHED = Path(__file__).resolve().parents[1] / "results" / "published"


def published(name: str) -> pl.DataFrame:
    """``results/published/NAME.csv`` as it stands."""
    path = PUBLISHED / f"{name}.csv"
    if not path.is_file():
        raise ValueError(f"{path} is missing; published tables are part of a checkout of the repository")
    return pl.read_csv(path, infer_schema_length=None)


def dit_table4() -> pl.DataFrame:
    """The 12 models of DiT's grid (Table 4: 400K steps, 256 pixels, adaLN-Zero), one training each.

    Columns as in ``frames.trials_frame``, so that every function of a trials frame takes it.
    """
    table = published("dit_table4").filter(
        (pl.col("conditioning") == "adaLN-Zero") & (pl.col("resolution") == 256) & (pl.col("train_steps") == 400_000))
    return table.select(
        study=pl.lit("DiT, Table 4"), trial_id="model", cell="model", model="model",
        size="size", patch=pl.col("patch").cast(pl.Int64),
        tokens=((pl.col("resolution") // 8 // pl.col("patch")) ** 2).cast(pl.Int64),  # of the latent, 8 times smaller
        seed=pl.lit(0), lr=pl.lit(1e-4), batch="batch",
        state=pl.lit("completed"), params_m=pl.col("params_m").cast(pl.Float64), forward_gmacs="gflops",
        ema=pl.lit("EMA 0.9999"), sampling=pl.lit("ddpm250, cfg 1.0"), protocol=pl.lit("DiT Table 4"),
        data=pl.lit("ImageNet 256"), why=pl.lit(None, pl.String), steps="train_steps",
        fid=pl.col("fid").cast(pl.Float64), fid_label=pl.lit("FID-50K, ddpm250, cfg 1.0, inception, vs train"))
