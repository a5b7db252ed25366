"""Which laws of FID in model size, tokens and Gflops are there? Declared candidates, each fitted
to log FID.

A candidate is a sum of terms in N (parameters, 1e6), T (tokens per image) and G (forward GMACs),
fitted to log FID. Candidates obey the rule of marginality: a product of two terms comes with both,
a square with its root. So the choice of units (parameters in 1e6 or 1e9) changes no prediction, and
no form is singled out by where its axes have zero.

``fid_choice`` says which of them predicts a larger rung.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from analysis.fits.linear import UNKNOWN, Interval, Linear, NoiseVariances, least_squares, noise_of

Terms = Callable[[np.ndarray, np.ndarray, np.ndarray], list[np.ndarray]]
# of log N, log T, log G; declared before any fit, a constant is in each
CANDIDATES: dict[str, Terms] = {
    "G": lambda n, t, g: [g],
    "G + G²": lambda n, t, g: [g, g * g],
    "G + T": lambda n, t, g: [g, t],
    "G × T": lambda n, t, g: [g, t, g * t],
    "N": lambda n, t, g: [n],
    "N + T": lambda n, t, g: [n, t],
    "N + T + T²": lambda n, t, g: [n, t, t * t],
    "N × T": lambda n, t, g: [n, t, n * t],
    "N × T + T²": lambda n, t, g: [n, t, n * t, t * t],
}


@dataclass(frozen=True)
class FidLaw:
    """log FID = c0 + c . terms(log N, log T, log G)."""

    name: str
    fit: Linear
    centre: np.ndarray  # (3,) means of log N, log T, log G, taken off before the terms are formed

    def predict(self, models: pl.DataFrame) -> Interval:
        """FID of ``models`` (columns params_m, tokens, forward_gmacs), with 95 % intervals."""
        log = self.fit.predict(terms_of(self.name, models, self.centre))
        return Interval(
            *(
                np.exp(v)
                for v in (log.value, log.low, log.high, log.predicted_low, log.predicted_high)
            )
        )


def model_means(points: pl.DataFrame, metric: str = "fid") -> tuple[pl.DataFrame, NoiseVariances]:
    """Of selected trials, a row per model and seed, one row per model with the mean over seeds of
    log ``metric``: model, rung, tokens, params_m, forward_gmacs, fid, seeds; and the scatter of the
    seeds. Where no model has tokens, the laws without T remain. ValueError names a trial whose axes
    have no logarithm.
    """
    for column in ("params_m", "tokens", "forward_gmacs"):
        if column not in points.columns:
            raise ValueError(f"the trials have no column {column}; a law with that axis needs it")
        values = points[column]
        known = column != "tokens" or values.null_count() < len(values)
        bad = points.filter(pl.col(column).is_null() | ~(pl.col(column).cast(pl.Float64) > 0))
        if known and len(bad):
            raise ValueError(
                f"{bad['trial_id'][0]} has {column} {bad[column][0]}, which has no logarithm"
            )
    means = points.group_by("model", maintain_order=True).agg(
        pl.col("rung").first(),
        pl.col("tokens").first(),
        pl.col("params_m").first(),
        pl.col("forward_gmacs").first(),
        pl.col(metric).log().mean().exp().alias("fid"),
        pl.len().alias("seeds"),
    )
    return means, noise_of(points[metric].to_numpy(), points["model"].to_numpy())


def terms_of(name: str, models: pl.DataFrame, centre: np.ndarray) -> np.ndarray:
    """The terms of candidate ``name`` at ``models``: (m, p), a constant first."""
    if name not in CANDIDATES:
        raise ValueError(f"no law {name!r}; declared are {', '.join(CANDIDATES)}")
    if "T" in name and models["tokens"].null_count():
        raise ValueError(f"the law {name} needs tokens, which {models['model'][0]} has not")
    logs = log_axes(models) - centre[:, None]
    return np.column_stack([np.ones(len(models)), *CANDIDATES[name](*logs)])


def log_axes(models: pl.DataFrame) -> np.ndarray:
    """log N, log T, log G (3, m)."""
    return np.log(
        np.stack(
            [models[c].cast(pl.Float64).to_numpy() for c in ("params_m", "tokens", "forward_gmacs")]
        )
    )


def fit_law(name: str, models: pl.DataFrame, noise: NoiseVariances = UNKNOWN) -> FidLaw:
    """Candidate ``name`` fitted to one row per model, as ``model_means`` gives them."""
    if models.is_empty():
        raise ValueError(
            f"the law {name} has no model to be fitted to: there is no smaller size than the "
            "held-out one"
        )
    centre = log_axes(models).mean(1)
    repeats = len(models) / float((1 / models["seeds"]).sum()) if "seeds" in models.columns else 1
    return FidLaw(
        name,
        least_squares(
            terms_of(name, models, centre),
            np.log(models["fid"].to_numpy()),
            f"the law {name}",
            repeats,
            noise,
        ),
        centre,
    )


def rungs(models: pl.DataFrame) -> list[str]:
    """The rungs, fewest parameters first."""
    return models.group_by("rung").agg(pl.col("params_m").mean()).sort("params_m")["rung"].to_list()
