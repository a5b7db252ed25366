"""What did the papers report? Their tables, in the columns of our own frames."""

from pathlib import Path

import polars as pl

from scaling.study.planning.plan import Plan

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "published"
LATENT = 8  # pixels of an image per latent pixel, along a side
TOKENIZERS = {"DiT": "SD-VAE", "SiT": "SD-VAE", "LDM": "SD-VAE", "ADM": "pixels"}  # by family
GUIDED = ("ADM-G", "ADM-G, ADM-U", "LDM-8-G", "LDM-4-G", "DiT-XL/2-G")  # of Figure 2, right


def published(name: str) -> pl.DataFrame:
    """The table ``results/published/NAME.csv``, unchanged. ValueError where there is none."""
    path = PUBLISHED / f"{name}.csv"
    if not path.is_file():
        raise ValueError(
            f"{path} is missing; published tables are part of a checkout of the repository"
        )
    return pl.read_csv(path, infer_schema_length=None)


def heldout_distance(features: str) -> float | None:
    """The published FD(validation, train) of ImageNet in the space of ``features``; None where
    none is. Such distances are the units of FDr on 50,000 images (``feature_spaces.csv``).
    """
    for prefix, distance in published("feature_spaces").select("matches", "fd").iter_rows():
        if prefix is not None and features.startswith(prefix):
            return distance
    return None


def dit_table4() -> pl.DataFrame:
    """The 12 models of DiT's grid (Table 4: 400K steps, 256 pixels, adaLN-Zero), one training each.

    Columns as in ``frames.trials_frame``, so that every function of a trials frame accepts it.
    """
    return _table4().filter(pl.col("conditioning") == "adaln-zero")


def dit_evaluations(plan: Plan) -> pl.DataFrame:
    """Table 4 as evaluations of the trainings of ``plan`` (of ``dit_imagenet256``): a row per model
    of the plan, with those columns of ``frames.evaluations_frame`` that the table can fill.
    """
    ids = pl.DataFrame(
        [{"model": t.model, "trial_id": t.trial_id, "train_id": t.train_id} for t in plan.trials]
    )
    return (
        dit_table4()
        .drop("trial_id")
        .join(ids, on="model", maintain_order="left")
        .with_columns(
            step="steps",
            images=pl.col("steps") * pl.col("batch"),
            metric=pl.lit("fid"),
            value="fid",
            headline=True,
            train_flops=6e9 * pl.col("forward_gmacs") * pl.col("steps") * pl.col("batch"),
        )
    )


def block_designs() -> pl.DataFrame:
    """XL/2 at 400K steps with each of the four block designs (Table 4), columns as
    ``dit_table4``.
    """
    return _table4().filter(pl.col("size") == "XL", pl.col("patch") == 2)


def sampling_compute() -> pl.DataFrame:
    """The points of Figure 10 that DiT's text states, FID-10K; columns as ``dit_table4``."""
    table = published("sampling").with_columns(
        conditioning=pl.lit("adaLN-Zero"),
        resolution=pl.lit(256),
        batch=pl.lit(256),
        params_m=pl.lit(None, pl.Float64),
        sampling=pl.format("{}{}", "sampler", "sampling_steps"),
    )
    sizes = dit_table4().group_by("size").agg(pl.col("params_m").mean())
    return (
        _as_trials(table, "DiT, Section 5", label="FID-10K")
        .update(sizes, on="size")
        .with_columns(trial_id=pl.format("{}, {} steps", "model", "sampling_steps"))
    )


def prior_work() -> pl.DataFrame:
    """Figure 2, right: guided diffusion models at 256 pixels, each at its best published guidance.

    Columns family, model, forward_gmacs (1e9 MACs of the network, guidance and decoder left out),
    fid.
    """
    rows = published("models").filter(
        pl.col("model").is_in(GUIDED),
        pl.col("resolution") == 256,
        pl.col("source").str.starts_with("DiT Table 2"),
    )
    return (
        rows.sort("fid")
        .unique("model", keep="first")
        .sort("family", "gflops")
        .select("family", "model", forward_gmacs="gflops", fid=pl.col("fid").cast(pl.Float64))
    )


def field() -> pl.DataFrame:
    """ImageNet models of 2022 to 2026 at one resolution each, with FID and what is known of their
    cost.

    Columns family, model, year (2022: DiT and what it stood beside; 2024: SiT; 2026), tokenizer,
    resolution, params_m, forward_gmacs, images (seen in training), batch, fid, guidance (``none``,
    or how), protocol, known (read, second-hand ..), source, note. Null: not printed.
    """
    now = published("field").select(
        "family",
        "model",
        year=pl.lit(2026),
        tokenizer="tokenizer",
        resolution="resolution",
        params_m=pl.col("params_m").cast(pl.Float64),
        forward_gmacs=pl.col("gmacs").cast(pl.Float64),
        images=pl.col("images").cast(pl.Int64),
        batch=pl.col("batch").cast(pl.Int64),
        fid=pl.col("fid").cast(pl.Float64),
        guidance="guidance",
        protocol="protocol",
        known="known",
        source="source",
        note="note",
    )
    before = published("models").filter(
        pl.col("family").is_in(tuple(TOKENIZERS)), pl.col("fid").is_not_null()
    )
    guided = pl.col("model").str.contains("-G") | (pl.col("cfg_scale") > 1)
    then = before.select(
        "family",
        "model",
        year=pl.when(pl.col("family") == "SiT").then(2024).otherwise(2022),
        tokenizer=pl.col("family").replace_strict(TOKENIZERS),
        resolution="resolution",
        params_m=pl.col("params_m").cast(pl.Float64),
        forward_gmacs=pl.col("gflops").cast(pl.Float64),
        images=(pl.col("train_steps") * pl.col("batch")).cast(pl.Int64),
        batch=pl.col("batch").cast(pl.Int64),
        fid=pl.col("fid").cast(pl.Float64),
        guidance=pl.when(guided).then(pl.lit("guided")).otherwise(pl.lit("none")),
        protocol=pl.lit("as printed"),
        known=pl.col("provenance").str.split(":").list.first(),
        source="source",
        note=pl.lit(None, pl.String),
    )
    return pl.concat([then, now], how="vertical_relaxed")


def unguided_at(rows: pl.DataFrame, resolution: int, year: int) -> pl.DataFrame:
    """Of ``field`` rows, those without guidance at ``resolution`` pixels, of ``year`` or before."""
    return rows.filter(
        pl.col("resolution") == resolution,
        pl.col("guidance") == "none",
        pl.col("year") <= year,
    )


def conflicts(rows: pl.DataFrame) -> pl.DataFrame:
    """Of ``field`` rows, those that another source contradicts: model, resolution, fid, source,
    note.
    """
    return rows.filter(pl.col("note").str.starts_with("conflict")).select(
        "model", "resolution", "fid", "source", "note"
    )


def frontier_of(rows: pl.DataFrame, axis: str) -> pl.DataFrame:
    """Of ``field`` rows, those whose FID nothing cheaper on ``axis`` (forward_gmacs or images)
    betters; cheapest first.
    """
    known = rows.drop_nulls([axis, "fid"]).sort(axis, "fid")
    return known.filter(pl.col("fid") < pl.col("fid").cum_min().shift(1, fill_value=float("inf")))


def _table4() -> pl.DataFrame:
    table = published("dit_table4").filter(
        (pl.col("resolution") == 256) & (pl.col("train_steps") == 400_000)
    )
    named = (
        pl.when(pl.col("conditioning") == "adaLN-Zero")
        .then("model")
        .otherwise(pl.format("{} [{}]", "model", "conditioning"))
    )
    return _as_trials(
        table.with_columns(
            model=named,
            sampler=pl.lit("ddpm"),
            sampling_steps=pl.lit(250),
            sampling=pl.lit("ddpm250"),
        ),
        "DiT, Table 4",
        label="FID-50K",
    )


def _as_trials(table: pl.DataFrame, study: str, label: str) -> pl.DataFrame:
    tokens = (pl.col("resolution") // LATENT // pl.col("patch")) ** 2
    return table.select(
        study=pl.lit(study),
        trial_id="model",
        cell="model",
        model="model",
        model_id="model",
        family=pl.lit("dit"),
        rung="size",
        series=pl.format("patch {}", "patch"),
        size="size",
        patch=pl.col("patch").cast(pl.Int64),
        tokens=tokens.cast(pl.Int64),
        conditioning=pl.col("conditioning").str.to_lowercase(),
        seed=pl.lit(0),
        lr=pl.lit(1e-4),
        batch="batch",
        state=pl.lit("completed"),
        params_m=pl.col("params_m").cast(pl.Float64),
        forward_gmacs="gflops",
        ema=pl.lit("EMA 0.9999"),
        sampling=pl.format("{}, cfg 1.0", "sampling"),
        sampler="sampler",
        sampling_steps=pl.col("sampling_steps").cast(pl.Int64),
        sampling_gmacs=pl.col("gflops") * pl.col("sampling_steps"),
        protocol=pl.format("{}, {}", pl.lit(study), "sampling"),
        data=pl.lit("ImageNet 256"),
        why=pl.lit(None, pl.String),
        steps="train_steps",
        fid=pl.col("fid").cast(pl.Float64),
        fid_label=pl.format("{}, {}, cfg 1.0, inception, vs train", pl.lit(label), "sampling"),
        fid_label_over_steps=pl.format(
            "{}, {}, cfg 1.0, inception, vs train", pl.lit(label), "sampler"
        ),
    )
