"""What law L = E + A/N^alpha + B/D^beta do runs follow (approach 3)? The global optimum of the
Huber loss on log L.

Hoffmann et al. 2022, section 3.3 and appendix D.3: the sum over runs of huber_delta(log L_fit - log
L), delta = 1e-3. Every fit, and every one of thousands of resampled fits, begins at the local
minima of a full grid over (alpha, beta) (``projection``) and is polished (``huber``), so that no
optimum depends on luck in its starts.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from analysis.fits.approaches.parametric_search import (
    EXPONENTS,
    Problem,
    rows_at_once,
    trusted,
)
from analysis.fits.fitted import Columns, View
from analysis.fits.intervals import Uncertain
from analysis.fits.points import Runs, need, need_apart, need_spread
from analysis.fits.simulation import RESAMPLES, simulate
from analysis.fits.trust import by_series, interaction
from scaling.study.cores import usable_cores

DELTA = 1e-3
PARAMETERS = ("E", "A", "B", "alpha", "beta")
LEAST = 7  # runs: five parameters and two degrees of freedom


@dataclass(frozen=True)
class Approach3:
    """L(N, D) = E + A/N^alpha + B/D^beta, and C = flops_factor N^flops_power D, the cost of
    training.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float
    objective: float  # sum over runs of the Huber loss of log residuals
    n_runs: int
    delta: float = DELTA
    flops_factor: float = 6.0  # from exact FLOPs where the runs have them; else 6ND
    flops_power: float = 1.0
    runs: Runs | None = field(default=None, repr=False, compare=False)

    @property
    def parameters(self) -> np.ndarray:
        """E, A, B, alpha, beta (5,)."""
        return np.array([getattr(self, name) for name in PARAMETERS])

    @property
    def exponent(self) -> float:
        """a of N_opt = G C^a."""
        return self.beta / (self.alpha + self.flops_power * self.beta)

    @property
    def has_floor(self) -> bool:
        """Whether E shows: a thousandth of the least loss is a floor of nothing, which a formula
        leaves out.
        """
        return self.E > 1e-3 * self.runs["loss"].min()

    @property
    def at_bound(self) -> tuple[str, ...]:
        """Exponents, of alpha and beta, that ended at a bound of EXPONENTS."""
        low, high = EXPONENTS
        return tuple(
            name for name in ("alpha", "beta") if not 1.01 * low < getattr(self, name) < 0.99 * high
        )

    def exponent_interval(self, sure: Uncertain) -> tuple[float, float]:
        """Its 95 % interval; ``sure`` is ``uncertain`` of this fit."""
        return sure.of(self.view().answered, across=True)

    def loss(self, n, d):
        """The law at model size ``n`` and data ``d``, broadcast."""
        return law(self.parameters, n, d)

    def optimal(self, flops):
        """N and D of least loss at training FLOPs ``flops``, broadcast."""
        return optimum(self.parameters, flops, self.flops_factor, self.flops_power)

    def residuals(self) -> np.ndarray:
        """log L_fit - log L of the runs (n,)."""
        return np.log(self.loss(self.runs["n"], self.runs["d"])) - np.log(self.runs["loss"])

    def view(self) -> View:
        """As checks and intervals see it."""
        near = self.parameters

        def log_law(p, at: Columns) -> np.ndarray:
            return np.log(law(np.asarray(p)[..., None, :], at["n"], at["d"]))

        def refit(at: Columns, losses: np.ndarray, weight: np.ndarray) -> np.ndarray:
            return refits(at, losses, weight, self.delta, near)

        together = interaction.form(self.delta)
        return View(
            "approach 3",
            PARAMETERS,
            near,
            self.runs,
            "loss",
            ("n", "d"),
            log_law,
            refit,
            lambda runs: fit(runs, self.delta).view(),
            {"alpha": EXPONENTS, "beta": EXPONENTS},
            "exponent",
            {"exponent": lambda p: p[..., 4] / (p[..., 3] + self.flops_power * p[..., 4])},
            (together, *by_series.forms(self.runs, len(PARAMETERS), refit, log_law)),
            (together,),
        )


def fit(runs: Runs, delta: float = DELTA) -> Approach3:
    """The global optimum over ``runs``, whose columns are n, d, loss and, where known, flops (exact
    training FLOPs).

    ValueError below LEAST runs, where N or D takes fewer than three values (a curve through two is
    no law), where all losses are alike, or where D is a power of N in every row.
    """
    need(len(runs), LEAST, "approach 3 (five parameters)")
    for role in ("n", "d"):
        need_spread(runs, role, 3, "approach 3")
    need_spread(runs, "loss", 2, "approach 3")
    need_apart(runs, "approach 3")
    data = Problem(runs["n"], runs["d"], runs["loss"], delta)
    theta, value = data.solve(np.ones((1, len(runs))), rounds=3)
    factor, power = flops_law(runs)
    named = dict(zip(PARAMETERS, map(float, data.natural(theta)[0])))
    return Approach3(
        **named,
        objective=float(value[0]),
        n_runs=len(runs),
        delta=delta,
        flops_factor=factor,
        flops_power=power,
        runs=runs,
    )


def law(parameters: np.ndarray, n, d):
    """E + A/n^alpha + B/d^beta for parameters (..., 5)."""
    E, A, B, alpha, beta = np.moveaxis(np.asarray(parameters), -1, 0)
    return E + A * np.asarray(n) ** -alpha + B * np.asarray(d) ** -beta


def optimum(parameters: np.ndarray, flops, factor: float = 6.0, power: float = 1.0):
    """N and D that minimise the law where factor N^power D = ``flops``; closed form, from alpha A
    N^-alpha = power beta B D^-beta.
    """
    _, A, B, alpha, beta = np.moveaxis(np.asarray(parameters), -1, 0)
    log_c = np.log(np.asarray(flops, float)) - np.log(factor)
    log_n = (np.log(alpha * A) - np.log(power * beta * B) + beta * log_c) / (alpha + power * beta)
    return np.exp(log_n), np.exp(log_c - power * log_n)


def flops_law(runs: Runs) -> tuple[float, float]:
    """factor and power of C = factor N^power D over the runs' exact FLOPs; (6, 1) where they have
    none.
    """
    if "flops" not in runs.columns:
        return 6.0, 1.0
    power, intercept = np.polyfit(np.log(runs["n"]), np.log(runs["flops"] / runs["d"]), 1)
    return float(np.exp(intercept)), float(power)


def resampled(runs: Runs, fitted: Approach3, weight: np.ndarray) -> np.ndarray:
    """E, A, B, alpha, beta (S, 5) of the global optimum under each row of weights (S, n), as of a
    bootstrap.
    """
    data = Problem(runs["n"], runs["d"], runs["loss"], fitted.delta)
    near = data.inner(fitted.parameters[None])[0]
    trust = trusted(data.residuals(near[None]), np.ones((1, len(runs))))[0]
    rows = rows_at_once(len(runs))
    with ThreadPoolExecutor(usable_cores()) as pool:
        parts = pool.map(
            lambda i: data.solve(weight[i : i + rows], near=near, trust=trust)[0],
            range(0, len(weight), rows),
        )
        return data.natural(np.concatenate(list(parts)))


def uncertain(fitted: Approach3, resamples: int = RESAMPLES, seed: int = 0) -> Uncertain:
    """Intervals of the parameters, and of any figure that follows from them; see ``intervals``."""
    return simulate(fitted.view(), resamples, seed)


def refits(columns: Columns, losses: np.ndarray, weight: np.ndarray, delta: float, near=None):
    """E, A, B, alpha, beta (S, 5) of the global optimum of losses (S, n) under weights (S, n)."""
    n, d = columns["n"], columns["d"]
    rows, box = rows_at_once(len(n)), (losses.min(), losses.max())

    def part(i: int) -> np.ndarray:
        data = Problem(n, d, losses[i : i + rows], delta, box)
        start = None if near is None else data.inner(near[None])[0]
        return data.natural(data.solve(weight[i : i + rows], near=start)[0])

    with ThreadPoolExecutor(usable_cores()) as pool:
        return np.concatenate(list(pool.map(part, range(0, len(losses), rows))))
