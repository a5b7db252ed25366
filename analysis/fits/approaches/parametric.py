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

from analysis.fits import huber
from analysis.fits.approaches import projection
from analysis.fits.fitted import Columns, View
from analysis.fits.intervals import RESAMPLES, Uncertain, simulate
from analysis.fits.points import Runs, need, need_apart, need_spread
from analysis.fits.trust import interaction
from scaling.study.cores import usable_cores

DELTA = 1e-3
PARAMETERS = ("E", "A", "B", "alpha", "beta")
LEAST = 7  # runs: five parameters and two degrees of freedom
EXPONENTS = (1e-3, 4.0)  # bounds of alpha and beta
STARTS = 3  # local minima of the grid that are polished
CHUNK = 64  # least number of resampled fits at once
AT_ONCE = 20_000  # residuals of the resampled fits at once: what a core's cache holds
SETTLED = 1e-9  # relative fall of the objective below which a round found what the one before did


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
        return View(
            "approach 3",
            PARAMETERS,
            near,
            self.runs,
            "loss",
            ("n", "d"),
            lambda p, at: np.log(law(np.asarray(p)[..., None, :], at["n"], at["d"])),
            lambda at, losses, weight: refits(at, losses, weight, self.delta, near),
            lambda runs: fit(runs, self.delta).view(),
            {"alpha": EXPONENTS, "beta": EXPONENTS},
            "exponent",
            {"exponent": lambda p: p[..., 4] / (p[..., 3] + self.flops_power * p[..., 4])},
            (interaction.form(self.delta),),
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


class Problem:
    """The runs as the optimiser sees them: log N and log D centred, so that coefficients and
    exponents part.

    ``loss`` is (n,), or (S, n) where each fit of a batch has losses of its own. ``box`` is the
    least and the largest loss of all batches, which bound the search.
    """

    def __init__(
        self,
        n: np.ndarray,
        d: np.ndarray,
        loss: np.ndarray,
        delta: float,
        box: tuple[float, float] | None = None,
    ):
        self.centre = np.array([np.log(n).mean(), np.log(d).mean()])
        self.x, self.z = np.log(n) - self.centre[0], np.log(d) - self.centre[1]
        self.loss, self.log_loss, self.delta = loss, np.log(loss), delta
        low, high = np.log(box) if box else (self.log_loss.min(), self.log_loss.max())
        floor, top = low - 20, high + 20
        self.low = np.array([floor, floor, floor, EXPONENTS[0], EXPONENTS[0]])
        self.high = np.array([top, top, top, EXPONENTS[1], EXPONENTS[1]])

    def model_of(self, owner: np.ndarray) -> huber.Model:
        """Residuals and Jacobian of parameters whose rows belong to the fits ``owner`` (s,)."""
        log_loss = self.log_loss if self.log_loss.ndim == 1 else self.log_loss[owner]

        def residuals(theta, rows):
            e, a, b, alpha, beta = theta.T[:, :, None]
            # (s, 3, n)
            terms = np.exp(
                np.stack(np.broadcast_arrays(e, a - alpha * self.x, b - beta * self.z), axis=1)
            )
            total = terms.sum(1)
            terms /= total[:, None]
            jacobian = np.concatenate(
                [terms, -self.x * terms[:, 1:2], -self.z * terms[:, 2:3]], axis=1
            )
            return np.log(total) - (log_loss if log_loss.ndim == 1 else log_loss[rows]), jacobian

        return residuals

    def residuals(self, theta: np.ndarray) -> np.ndarray:
        """log L_fit - log L (S, n) of parameters (S, 5), a row per fit."""
        rows = np.arange(len(theta))
        return self.model_of(rows)(theta, rows)[0]

    def solve(
        self,
        weight: np.ndarray,
        rounds: int = 1,
        near: np.ndarray | None = None,
        trust: np.ndarray | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Parameters (S, 5) and objectives (S,) for each row of weights (S, n).

        ``near`` (5,) is one more start of every fit; ``trust`` (n,) weighs down outliers in the
        projection. Each further round projects again with the weights that the optimum found gives
        each residual, until none is lower: the next would begin where that one did.
        """
        theta, value = self._search(weight, weight if trust is None else weight * trust, near)
        for _ in range(rounds - 1):
            again, reached = self._search(
                weight, weight * trusted(self.residuals(theta), weight), None
            )
            theta = np.where((reached < value)[:, None], again, theta)
            settled = reached >= value * (1 - SETTLED)
            value = np.minimum(value, reached)
            if settled.all():
                break
        return theta, value

    def _search(self, weight, projected, near):
        begin = projection.starts(self.x, self.z, self.loss, projected, STARTS)
        if near is not None:
            begin = np.concatenate([begin, np.broadcast_to(near, (len(weight), 1, 5))], axis=1)
        return huber.best_of(self.model_of, begin, weight, self.delta, self.low, self.high)

    def natural(self, theta: np.ndarray) -> np.ndarray:
        """E, A, B, alpha, beta of optimiser's parameters (S, 5): log E, log A, log B about the
        centre, alpha, beta.
        """
        shift = np.zeros_like(theta)
        shift[:, 1:3] = theta[:, 3:5] * self.centre
        out = theta + shift
        out[:, :3] = np.exp(out[:, :3])
        return out

    def inner(self, parameters: np.ndarray) -> np.ndarray:
        """The inverse of ``natural``."""
        theta = np.array(parameters, float)
        theta[:, :3] = np.log(np.maximum(theta[:, :3], 1e-300))
        theta[:, 1:3] -= theta[:, 3:5] * self.centre
        return np.clip(theta, self.low, self.high)


def trusted(residual: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """min(1, s/|r|), s the residuals' robust spread (S, n): an outlier counts little in least
    squares.
    """
    size = np.where(weight > 0, np.abs(residual), np.nan)
    spread = 1.4826 * np.nanmedian(size, axis=1, keepdims=True) + 1e-12
    return np.minimum(1, spread / np.maximum(np.abs(residual), spread))


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


def rows_at_once(n: int) -> int:
    """How many resampled fits of ``n`` runs are solved in one batch. A batch costs as many steps as
    its slowest fit, so that few large ones are faster than many small ones.
    """
    return max(CHUNK, AT_ONCE // n)
