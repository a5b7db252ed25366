"""Forecasts the log FID of trainings that have not run, with their joint covariance, from an
ensemble of laws.

A law is a declared form in N (parameters), T (tokens per image) and D (training images), with weak
priors on its parameters, plus a smooth misfit (a Gaussian process on the same axes) of one of a few
declared sizes. Each pair has the linearised posterior at its most probable parameters (Laplace),
its evidence is its weight, and the mixture is kept as mean and covariance. So the covariance
between a place one could measure and the target holds three things: what the parameters leave open,
which law it is, and how far a local misfit reaches.

A measured log FID has the luck of its training, shared by the checkpoints, and the noise of its
samples.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

# parameters (p,), axes (m, 3) -> (m,), (m, p)
Law = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

MISFITS = (0.005, 0.02, 0.06, 0.2)  # standard deviations of log FID about a law
REACH = 2.0  # nats of N, T or D over which a misfit is forgotten (Matern 3/2)
# prior mean and standard deviation: exponents; their products' coefficients
EXPONENT, MIXED = (0.3, 0.3), (0.0, 0.1)
LEVEL_SD = 2.0  # prior, of the log level about the measured mean
# prior: the log floor lies so far below the lowest measured, with this spread
FLOOR_BELOW, FLOOR_SD = 2.0, 1.5


@dataclass(frozen=True)
class NoiseDeviations:
    """Standard deviations of log FID. Default: 1.5 % between seeds, 3.2 times redrawn samples
    (arXiv 2606.20536).
    """

    luck: float = 0.015  # of one training, shared by its checkpoints
    sampling: float = 0.005  # of one evaluation
    dof: float = math.inf  # of trainings, behind a measured luck; the published are taken as known


@dataclass(frozen=True)
class Forecast:
    """log FID at m places: ``mean`` (m,), ``covariance`` (m, m), luck of the trainings included,
    sampling not.
    """

    mean: np.ndarray
    covariance: np.ndarray
    weights: dict[tuple[str, float], float]  # (law, misfit) -> posterior weight
    best_law_covariance: np.ndarray  # of the pair of most weight alone


def forecast(
    axes: np.ndarray,
    run: np.ndarray,
    log_fid: np.ndarray,
    at: np.ndarray,
    at_run: np.ndarray,
    noise: NoiseDeviations = NoiseDeviations(),
    starts: dict | None = None,
) -> Forecast:
    """log FID at places ``at`` (m, 3), given ``log_fid`` (n,) measured at ``axes`` (n, 3); axes are
    log N, log T, log D.

    ``run`` and ``at_run`` say which training each place belongs to. Take the target off the axes:
    it is where exponents are meant. ``starts`` keeps parameters between calls, for speed alone.
    """
    n = len(log_fid)
    places, runs = np.vstack([axes, at]), np.concatenate([run, at_run])
    smooth, luck = matern(places), noise.luck**2 * (runs[:, None] == runs)
    sampling, starts = noise.sampling**2 * np.eye(n), {} if starts is None else starts
    means, covariances, evidence, names = [], [], [], []
    for name, (law, centre, sd) in laws(log_fid).items():
        for misfit in MISFITS:
            about = misfit**2 * smooth + luck
            whiten = np.linalg.inv(np.linalg.cholesky(about[:n, :n] + sampling))
            p = starts[name, misfit] = _most_probable(
                law, centre, sd, axes, log_fid, whiten, starts.get((name, misfit))
            )
            value, J = law(p, places)
            mean, covariance, log = condition(
                value + J @ (centre - p), (J * sd**2) @ J.T + about, log_fid, sampling
            )
            means.append(mean)
            covariances.append(covariance)
            evidence.append(log)
            names.append((name, misfit))
    weights = np.exp(np.array(evidence) - max(evidence))
    weights /= weights.sum()
    mean = weights @ np.array(means)
    apart = np.array(means) - mean
    covariance = np.einsum("k,kij->ij", weights, covariances) + np.einsum(
        "k,ki,kj->ij", weights, apart, apart
    )
    return Forecast(
        mean, covariance, dict(zip(names, weights.tolist())), covariances[int(np.argmax(weights))]
    )


def condition(mean: np.ndarray, covariance: np.ndarray, y: np.ndarray, noise: np.ndarray):
    """A Gaussian over n + m places given ``y`` (n,) at the first n, with covariance ``noise`` (n,
    n).

    Mean (m,) and covariance (m, m) of the rest, and the log evidence up to a constant.
    """
    n = len(y)
    chol = np.linalg.cholesky(covariance[:n, :n] + noise)
    r = solve_triangular(chol, y - mean[:n], lower=True)
    gain = solve_triangular(chol, covariance[:n, n:], lower=True)
    return (
        mean[n:] + gain.T @ r,
        covariance[n:, n:] - gain.T @ gain,
        -0.5 * r @ r - np.log(np.diag(chol)).sum(),
    )


def laws(log_fid: np.ndarray) -> dict[str, tuple[Law, np.ndarray, np.ndarray]]:
    """The declared forms, each with the prior mean and standard deviation of its parameters."""
    level, floor = (log_fid.mean(), LEVEL_SD), (log_fid.min() - FLOOR_BELOW, FLOOR_SD)
    power = [level, EXPONENT, EXPONENT, EXPONENT, MIXED, MIXED, MIXED]
    forms = {
        "power": (_power, power),
        "power + floor": (_floored, [*power, floor]),
        "size + data + floor": (
            _summed,
            [level, EXPONENT, EXPONENT, MIXED, level, EXPONENT, floor],
        ),
    }
    return {name: (law, *np.array(prior).T) for name, (law, prior) in forms.items()}


def matern(places: np.ndarray) -> np.ndarray:
    """Correlation of the misfit between places (m, 3): (m, m)."""
    far = np.sqrt(3) / REACH * np.abs(places[:, None] - places)
    return np.prod((1 + far) * np.exp(-far), axis=-1)


def _most_probable(law, centre, sd, axes, y, whiten, start):
    def residual(p):
        return np.concatenate([whiten @ (law(p, axes)[0] - y), (p - centre) / sd])

    def jacobian(p):
        return np.vstack([whiten @ law(p, axes)[1], np.diag(1 / sd)])

    return least_squares(
        residual, centre if start is None else start, jacobian, method="lm", xtol=1e-6, ftol=1e-6
    ).x


def _power(p: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """a - b N - c T - d D + products, all logs."""
    n, t, d = x.T
    J = np.column_stack([np.ones(len(x)), -n, -t, -d, n * t, n * d, t * d])
    return J @ p, J


def _floored(p: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log(power law + floor)."""
    power, J = _power(p[:-1], x)
    total = np.logaddexp(power, p[-1])
    share = np.exp(power - total)
    return total, np.column_stack([J * share[:, None], 1 - share])


def _summed(p: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log(power law of N and T + power law of D + floor), as E + A/N^a + B/D^b."""
    n, t, d = x.T
    ones = np.ones(len(x))
    J = [np.column_stack([ones, -n, -t, n * t]), np.column_stack([ones, -d]), ones[:, None]]
    parts = np.stack([J[0] @ p[:4], J[1] @ p[4:6], J[2] @ p[6:]])
    total = np.logaddexp.reduce(parts)
    return total, np.column_stack(
        [j * share[:, None] for j, share in zip(J, np.exp(parts - total))]
    )
