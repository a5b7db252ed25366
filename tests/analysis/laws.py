"""What would runs of a known law measure? Simulated tables for the tests and benchmarks of the
fits.
"""

import numpy as np

from analysis.fits.approaches import parametric
from analysis.fits.points import Runs

# E, A, B, alpha, beta of Hoffmann et al. 2022, as published
TRUTH = np.array([1.69, 406.4, 410.7, 0.34, 0.28])


def scattered(
    count: int, noise: float, seed: int = 0, outliers: int = 0, truth: np.ndarray = TRUTH
) -> Runs:
    """Runs over 2.5 decades of N and 3.5 of FLOPs (6ND), as Chinchilla's; some measured 5 to 15 %
    too high.
    """
    rng = np.random.default_rng(seed)
    n = np.exp(rng.uniform(np.log(5e7), np.log(1.5e10), count))
    d = np.exp(rng.uniform(np.log(1e18), np.log(3e21), count)) / 6 / n
    loss = parametric.law(truth, n, d) * np.exp(noise * rng.standard_normal(count))
    loss[:outliers] *= rng.uniform(1.05, 1.15, outliers)
    return table(n, d, loss)


def grid(sizes: int, lengths: int, noise: float, seed: int = 0, truth: np.ndarray = TRUTH) -> Runs:
    """Every size, over two decades, with every length of training, over two decades."""
    n, d = (
        v.ravel()
        for v in np.meshgrid(np.geomspace(3e7, 3e9, sizes), np.geomspace(1e9, 1e11, lengths))
    )
    rng = np.random.default_rng(seed)
    return table(n, d, parametric.law(truth, n, d) * np.exp(noise * rng.standard_normal(len(n))))


def isoflop_runs(
    noise: float = 0.0,
    seed: int = 0,
    truth: np.ndarray = TRUTH,
    decades: float = 1.0,
    off_centre: float = 0.0,
    budgets=(1e18, 1e19, 1e20, 1e21),
    models: int = 9,
) -> Runs:
    """At each budget, models within ``decades`` either side of the optimum, the range off by
    ``off_centre`` decades.
    """
    rng = np.random.default_rng(seed)
    n, c = [], []
    for budget in budgets:
        best = parametric.optimum(truth, budget)[0]
        n += list(best * 10 ** (off_centre + np.linspace(-decades, decades, models)))
        c += [budget] * models
    n, c = np.array(n), np.array(c)
    d = c / 6 / n
    return table(
        n, d, parametric.law(truth, n, d) * np.exp(noise * rng.standard_normal(len(n))), flops=c
    )


def ladder_runs(
    place: tuple[float, float],
    noise: float = 0.0,
    seed: int = 0,
    truth: np.ndarray = TRUTH,
    decades: float = 2.0,
    models: int = 9,
    budgets: int = 5,
) -> Runs:
    """One ladder of models, all trained at each budget: the best sizes lie between the fractions
    ``place`` of the ladder.
    """
    sizes = np.geomspace(1e8, 1e8 * 10**decades, models)
    best = 1e8 * 10 ** (decades * np.linspace(*place, budgets))
    exponent = truth[4] / (truth[3] + truth[4])
    flops = 1e20 * (best / parametric.optimum(truth, 1e20)[0]) ** (1 / exponent)
    n, c = np.tile(sizes, budgets), np.repeat(flops, models)
    off = noise * np.random.default_rng(seed).standard_normal(len(n))
    return table(n, c / 6 / n, parametric.law(truth, n, c / 6 / n) * np.exp(off), flops=c)


def table(n, d, loss, cluster=None, **more) -> Runs:
    names = [f"row {i}" for i in range(1, len(n) + 1)]
    columns = {
        "n": np.asarray(n, float),
        "d": np.asarray(d, float),
        "loss": np.asarray(loss, float),
    }
    return Runs.checked(
        names,
        columns | {k: np.asarray(v, float) for k, v in more.items()},
        np.arange(len(n)) if cluster is None else np.asarray(cluster),
    )


def training_curves(
    noise: float = 0.0, seed: int = 0, sizes: int = 8, checkpoints: int = 60, truth=TRUTH
):
    """Every size trained over four decades of images, its loss at each checkpoint."""
    rng = np.random.default_rng(seed)
    n = np.repeat(np.geomspace(3e7, 3e9, sizes), checkpoints)
    d = np.tile(np.geomspace(3e7, 1e12, checkpoints), sizes)
    loss = parametric.law(truth, n, d) * np.exp(
        noise * np.repeat(rng.standard_normal(sizes), checkpoints)
    )
    return table(n, d, loss, cluster=np.repeat(np.arange(sizes), checkpoints))
