"""What would records look like whose findings are known? A finished study's frames with other FIDs:
a truth of our own, and luck of several kinds between trainings.
"""

import numpy as np
import polars as pl

from analysis.claims import Records

# A FID moves between seeds by: of a model the standard deviation of log FID, and the shape of luck
SPREADS = {
    "alike": lambda rng, models: np.full(models, 0.1),
    "by model": lambda rng, models: 0.08 * np.exp(rng.standard_normal(models)),
    "by size": lambda rng, models: np.repeat(np.geomspace(0.02, 0.3, 4), models // 4),
    "one model": lambda rng, models: np.where(np.arange(models) == rng.integers(models), 0.5, 0.05),
}
SHAPES = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "heavy tails": lambda rng, shape: rng.standard_t(3, shape),
    "some runs go wrong": lambda rng, shape: (
        0.5 * rng.standard_normal(shape) + 4 * (rng.random(shape) < 0.1)
    ),
    "shared by a seed": lambda rng, shape: (
        (rng.standard_normal(shape) + rng.standard_normal((1, shape[1]))) / 2**0.5
    ),
}


def flat(evaluations: pl.DataFrame) -> np.ndarray:
    """Every claim at its bound: log FID is the same everywhere, and luck alone differs."""
    return np.zeros(len(evaluations))


def but_one_patch(evaluations: pl.DataFrame) -> np.ndarray:
    """FID falls steeply with size and training at patch 8 and 4, and not at all at patch 2."""
    flops = evaluations["train_flops"].log().to_numpy()
    size = evaluations["forward_gmacs"].log().to_numpy()
    return np.where(evaluations["patch"].to_numpy() == 2, 0.0, -0.6 * flops - 0.6 * size)


def larger_learn_slower(evaluations: pl.DataFrame) -> np.ndarray:
    """FID falls with training FLOPs alone, and twice as slowly with size at patch 2: at equal
    training FLOPs the larger's is higher there, by about half a unit of its logarithm from one size
    to the next.
    """
    images = evaluations["images"].log().to_numpy()
    size = evaluations["forward_gmacs"].log().to_numpy()
    rate = np.where(evaluations["patch"].to_numpy() == 2, 0.3, 1.2)
    return -0.8 * images - rate * size


def records(
    trials: pl.DataFrame, evaluations: pl.DataFrame, truth, spread: str, shape: str, seed: int
) -> Records:
    """``trials`` and ``evaluations`` with the FIDs of ``truth``, log FID of each evaluation, and
    luck: of a training most of it lasts from checkpoint to checkpoint.
    """
    rng = np.random.default_rng(seed)
    models = evaluations["model"].unique(maintain_order=True).to_list()
    seeds = sorted(evaluations["seed"].unique())
    sd = SPREADS[spread](rng, len(models))
    lasting, passing = (SHAPES[shape](rng, (len(models), len(seeds))) for _ in range(2))
    row = [models.index(name) for name in evaluations["model"]]
    column = [seeds.index(value) for value in evaluations["seed"]]
    place = evaluations["step"].rank("dense").to_numpy().astype(int)
    passing = [passing] + [SHAPES[shape](rng, lasting.shape) for _ in range(place.max())]
    luck = 0.9 * lasting[row, column] + 0.45 * np.stack(passing)[place - 1, row, column]
    log = truth(evaluations) + sd[row] * luck
    drawn = evaluations.with_columns(
        value=pl.when(pl.col("metric") == "fid").then(pl.Series(np.exp(log))).otherwise("value")
    )
    ends = drawn.filter(pl.col("metric") == "fid", "at_end", "headline")
    ends = ends.select("trial_id", fid="value")
    return Records(trials.drop("fid").join(ends, on="trial_id", maintain_order="left"), drawn)
