"""What are repeated images worth? E + A/N^alpha + B/D'^beta with D' the effective data of many
passes over few images.

Muennighoff et al. 2023 (arXiv 2305.16264, equation 5): of D images seen, U of them different, R =
D/U - 1 passes are repeats, and D' = U + U R* (1 - exp(-R/R*)). R* (``half_life`` here is that
constant, in passes) says after how many repeats a pass has lost 63 % of its worth; R* without bound
is the plain law, in which repeats are new images.
"""

from dataclasses import dataclass, field

import numpy as np

from analysis.fits import huber
from analysis.fits.approaches import parametric
from analysis.fits.approaches.parametric import DELTA
from analysis.fits.approaches.parametric_search import EXPONENTS, rows_at_once
from analysis.fits.approaches.parametric_search import Problem as ParametricProblem
from analysis.fits.fitted import Columns, View
from analysis.fits.intervals import Uncertain
from analysis.fits.points import Runs, need, need_spread
from analysis.fits.simulation import RESAMPLES, simulate
from analysis.fits.trust.identity import require_identified
from analysis.text import listed

PARAMETERS = (*parametric.PARAMETERS, "half_life")
LEAST = 8  # runs: six parameters and two degrees of freedom
LEAST_REPEATED = 3  # runs with repeats that matter
ALIKE = 1.1  # passes that differ by less tell no half_life
BOUNDS = (0.05, 1e4)  # of half_life, in passes
GRID = np.geomspace(0.2, 500, 18)


@dataclass(frozen=True)
class Repeats:
    """The law of model size, images seen and different images."""

    parameters: dict[str, float]
    objective: float
    plain_objective: float  # of the best law in which repeats are new images
    runs: Runs = field(repr=False, compare=False)
    delta: float = DELTA

    @property
    def vector(self) -> np.ndarray:
        return np.array([self.parameters[name] for name in PARAMETERS])

    def loss(self, n, d, unique):
        """The law at size ``n``, images seen ``d``, of them ``unique`` different."""
        return law(self.vector, n, d, unique)

    def residuals(self) -> np.ndarray:
        r = self.runs
        return np.log(self.loss(r["n"], r["d"], r["unique"])) - np.log(r["loss"])

    def uncertain(self, resamples: int = RESAMPLES, seed: int = 0) -> Uncertain:
        """Intervals; see ``intervals``. half_life is positive and skewed, so its interval is on its
        logarithm.
        """
        return simulate(self.view(), resamples, seed)

    def view(self) -> View:
        """As checks and intervals see it."""
        return View(
            "the law of repeated images",
            PARAMETERS,
            self.vector,
            self.runs,
            "loss",
            ("n", "d", "unique"),
            lambda p, at: np.log(law(np.asarray(p)[..., None, :], at["n"], at["d"], at["unique"])),
            self._refits,
            lambda runs: fit(runs, self.delta).view(),
            {
                "alpha": EXPONENTS,
                "beta": EXPONENTS,
                "half_life": BOUNDS,
            },
            "half_life",
        )

    def _refits(self, at: Columns, losses: np.ndarray, weight: np.ndarray) -> np.ndarray:
        problem = Problem(at, self.delta, losses)
        near, logs, rows = problem.inner(self.vector), np.log(losses), rows_at_once(losses.shape[1])
        return np.concatenate(
            [
                problem.near(logs[i : i + rows], near, weight[i : i + rows])
                for i in range(0, len(logs), rows)
            ]
        )


def effective(d, unique, half_life):
    """D' of ``d`` images seen of which ``unique`` differ; ``d`` itself where nothing is
    repeated.
    """
    d, unique = np.asarray(d, float), np.minimum(unique, d)
    return unique * (1 - half_life * np.expm1(-(d / unique - 1) / half_life))


def law(parameters: np.ndarray, n, d, unique):
    """E + A/n^alpha + B/D'^beta for parameters (..., 6)."""
    p = np.asarray(parameters)
    return parametric.law(p[..., :5], n, effective(d, unique, p[..., 5]))


def fit(runs: Runs, delta: float = DELTA) -> Repeats:
    """The global optimum over ``runs`` with columns n, d (images seen), unique (different images)
    and loss.

    Each half-life of a grid has its own five-parameter optimum (``parametric``); the best three are
    polished in six. ValueError where fewer than LEAST_REPEATED runs saw their images twice: then
    half_life cannot be told.
    """
    need(len(runs), LEAST, "the law of repeated images (six parameters)")
    need_spread(runs, "loss", 2, "the law of repeated images")
    repeated = np.flatnonzero(runs["d"] >= 2 * runs["unique"])
    if len(repeated) < LEAST_REPEATED:
        raise ValueError(
            f"the law of repeated images needs {LEAST_REPEATED} runs of two passes or more, found "
            f"{len(repeated)}"
            + (f" ({listed(runs.names, repeated)})" if len(repeated) else "")
            + "; use approach3, in which every image is new"
        )
    passes = runs["d"] / np.minimum(runs["unique"], runs["d"])
    if passes.max() < ALIKE * passes.min():
        raise ValueError(
            f"every run made {passes.mean():.3g} passes over its images, and how fast a repeat "
            "loses its worth (half_life) shows only where passes differ; train some on fewer or "
            "more, or use approach3"
        )
    plain = parametric.fit(runs, delta)
    problem, weights = Problem(runs, delta), np.ones((1, len(runs)))
    optima = []
    for half_life in GRID:
        data = ParametricProblem(
            runs["n"], effective(runs["d"], runs["unique"], half_life), runs["loss"], delta
        )
        theta, value = data.solve(weights, rounds=2)
        optima.append((float(value[0]), np.append(data.natural(theta)[0], half_life)))
    best = sorted(optima, key=lambda pair: pair[0])[:3]
    starts = np.stack([problem.inner(vector) for _, vector in best])
    model = problem.model(np.log(runs["loss"])[None].repeat(3, 0))
    theta, value = huber.minimise(
        model, starts, weights.repeat(3, 0), delta, problem.low, problem.high, stages=huber.FINE
    )
    won = int(np.argmin(value))
    fitted = Repeats(
        dict(zip(PARAMETERS, map(float, problem.natural(theta[won : won + 1])[0]))),
        float(value[won]),
        plain.objective,
        runs,
        delta,
    )
    require_identified(fitted.view(), "train some on fewer passes, others on more")
    return fitted


class Problem:
    """log E, log A, log B about fixed centres, alpha, beta, log half_life."""

    def __init__(self, runs: Runs | Columns, delta: float, losses: np.ndarray | None = None):
        self.n, self.d, self.delta = runs["n"], runs["d"], delta
        self.unique = np.minimum(runs["unique"], self.d)
        self.passes = self.d / self.unique - 1
        loss = runs["loss"] if losses is None else losses
        self.plain = ParametricProblem(self.n, self.unique, loss, delta)
        self.low = np.append(self.plain.low, np.log(BOUNDS[0]))
        self.high = np.append(self.plain.high, np.log(BOUNDS[1]))

    def natural(self, theta: np.ndarray) -> np.ndarray:
        return np.column_stack([self.plain.natural(theta[:, :5]), np.exp(theta[:, 5])])

    def inner(self, vector: np.ndarray) -> np.ndarray:
        theta = np.append(self.plain.inner(vector[None, :5])[0], np.log(vector[5]))
        return np.clip(theta, self.low, self.high)

    def model(self, log_loss: np.ndarray) -> huber.Model:
        """Residuals and Jacobian against ``log_loss`` (S, n)."""
        x, z0 = self.plain.x, self.plain.z

        def residuals(theta, rows):
            e, a, b, alpha, beta, log_r = theta.T[:, :, None]
            r = np.exp(log_r)
            decay = np.exp(-self.passes / r)
            worth = 1 + r * (1 - decay)  # D'/U
            z = z0 + np.log(worth)
            terms = np.exp(np.stack(np.broadcast_arrays(e, a - alpha * x, b - beta * z), axis=1))
            total = terms.sum(1)
            terms /= total[:, None]
            by_r = -beta * terms[:, 2] * (r * (1 - decay) - self.passes * decay) / worth
            jacobian = np.concatenate(
                [terms, -x * terms[:, 1:2], -z[:, None] * terms[:, 2:3], by_r[:, None]], axis=1
            )
            return np.log(total) - log_loss[rows], jacobian

        return residuals

    def near(self, log_loss: np.ndarray, theta: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Natural parameters (S, 6) of each row of ``log_loss`` (S, n) under weights (S, n), from
        ``theta`` and from other half-lives.
        """
        starts = np.stack([theta + np.append(np.zeros(5), shift) for shift in (0, -1.5, 1.5)])
        begin = np.broadcast_to(np.clip(starts, self.low, self.high), (len(log_loss), 3, 6))
        theta_best, _ = huber.best_of(
            lambda owner: self.model(log_loss[owner]),
            begin,
            weight,
            self.delta,
            self.low,
            self.high,
        )
        return self.natural(theta_best)
