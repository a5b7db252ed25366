"""How are a table's errors made? Which rows share one, and where is it larger?

Rows of one size along growing data are one training's checkpoints, or trainings of one model: they
share the luck, or the misfit, of that size. So a table that does not say otherwise has groups by
size, and the variance that they share is estimated (REML, which takes off what the law's parameters
have fitted): where they share nothing the estimate is near zero, and the rows are independent. The
size of errors may grow along an axis: its trend, log-linear, is heeded where a likelihood ratio
shows it.
"""

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from analysis.fits.distributions import chi2_above
from analysis.fits.points import Runs

ALIKE = 1e-3  # sizes closer than this, on the logarithm, are one
LEAST_LENGTHS = 3  # rows of one size that show what they share
LEAST_SPARE = 10  # degrees of freedom for a trend of the errors' size
SHOWN = 0.02  # of the likelihood ratio of a trend
SHARED = 0.01  # of the likelihood ratio of a shared error, to be told
FAR_OFF = 4.0  # robust standard deviations beyond which a residual counts as this one
EXACT = 1e-6  # residuals below which a law fits as well as arithmetic lets it
MOST = 1500  # rows up to which a shared error is looked for
SHARES = np.concatenate([[0.0], np.linspace(0.02, 0.98, 25)])
STEEPEST = 1.5  # by what power of an axis errors may grow


@dataclass(frozen=True)
class Errors:
    """How the errors of n rows are made."""

    size: np.ndarray  # (n,) standard deviations, geometric mean 1
    trend: dict[str, float]  # by what power of an axis they grow; empty: all alike
    group: np.ndarray  # (n,) which rows share an error; each its own without one
    from_table: bool  # the table says which
    share: float  # of the variance, that is common to a group
    chance: float  # of such a share where nothing is shared
    scatter: float  # standard deviation of an error of size 1
    # (2, 2) of the estimates of the common and of the own variance, over scatter**4
    variances: np.ndarray

    @property
    def groups(self) -> int:
        return int(self.group.max()) + 1

    @property
    def grouped(self) -> bool:
        return self.groups < len(self.group)

    def drawn(self, rng: np.random.Generator, repeats: int) -> np.ndarray:
        """Errors (repeats, n) of these sizes, shared as these are, of ``scatter`` 1."""
        own = rng.standard_normal((repeats, len(self.group)))
        if self.share == 0:
            return self.size * own
        common = rng.standard_normal((repeats, self.groups))[:, self.group]
        return self.size * (np.sqrt(1 - self.share) * own + np.sqrt(self.share) * common)


def estimated(
    runs: Runs, residual: np.ndarray, jacobian: np.ndarray, axes: tuple[str, ...]
) -> Errors:
    """The errors behind ``residual`` (n,) of a law whose derivatives are ``jacobian`` (n, p)."""
    clipped = winsorised(residual)
    size, trend = _sizes(runs, clipped, jacobian, axes)
    group, from_table = groups_of(runs)
    share, chance, scatter, variances = _shared(clipped / size, jacobian / size[:, None], group)
    return Errors(size, trend, group, from_table, share, chance, scatter, variances)


def groups_of(runs: Runs) -> tuple[np.ndarray, bool]:
    """Which rows share an error (n,), from 0 on, and whether the table says so. Each its own where
    it says that none do, or where most sizes have fewer than LEAST_LENGTHS rows.
    """
    n = len(runs)
    labels = np.unique(runs.cluster, return_inverse=True)[1]
    if runs.apart or labels.max() + 1 < n:
        return labels, not runs.apart
    if "n" not in runs.columns:
        return labels, False
    series = runs.columns.get("series", np.ones(n))
    order = np.lexsort((runs["n"], series))
    steps = (np.diff(np.log(runs["n"][order])) > ALIKE) | (np.diff(series[order]) > 0)
    sizes = np.empty(n, int)
    sizes[order] = np.concatenate([[0], np.cumsum(steps)])
    rows = np.bincount(sizes)
    if len(rows) < 2 or rows[rows >= LEAST_LENGTHS].sum() < n / 2:
        return labels, False
    return sizes, False


def winsorised(residual: np.ndarray) -> np.ndarray:
    """``residual`` (n,) with those far off drawn in, so that one outlier is not taken for noise."""
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    if spread <= 0:
        spread = np.abs(residual).mean()
    return np.clip(residual, -FAR_OFF * spread, FAR_OFF * spread)


def projected(residual: np.ndarray, jacobian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is left of ``residual`` (n,) beside ``jacobian`` (n, p), and the leverage of each row
    (n,): least squares, whatever the law was fitted by.
    """
    basis = _basis(jacobian)
    return residual - basis @ (basis.T @ residual), np.einsum("np,np->n", basis, basis)


def _basis(jacobian: np.ndarray) -> np.ndarray:
    """The directions (n, q) that ``jacobian`` (n, p) spans, each derivative of its own size."""
    scale = np.linalg.norm(jacobian, axis=0)
    basis, singular, _ = np.linalg.svd(
        jacobian / np.where(scale > 0, scale, 1), full_matrices=False
    )
    return basis[:, singular > 1e-9 * singular.max()]


def _sizes(runs, residual, jacobian, axes) -> tuple[np.ndarray, dict[str, float]]:
    n, p = jacobian.shape
    alike = np.ones(n), {}
    if n - p < LEAST_SPARE:
        return alike
    left, lever = projected(residual, jacobian)
    squares = left**2 / np.maximum(1 - lever, 0.05)
    if squares.mean() < EXACT**2:
        return alike
    logs = {axis: np.log(runs[axis]) - np.log(runs[axis]).mean() for axis in axes}
    logs = {axis: v for axis, v in logs.items() if np.ptp(v) > 1e-6}
    if not logs:
        return alike
    columns = np.column_stack(list(logs.values()))

    def deviance(powers):
        away = columns @ powers
        return n * np.log(np.mean(squares * np.exp(-2 * away))) + 2 * away.sum()

    optimum = optimize.minimize(
        deviance,
        np.zeros(columns.shape[1]),
        method="L-BFGS-B",
        bounds=[(-STEEPEST, STEEPEST)] * columns.shape[1],
    )
    fall = (deviance(np.zeros(columns.shape[1])) - optimum.fun) * (n - p) / n
    if chi2_above(fall, columns.shape[1]) > SHOWN:
        return alike
    return np.exp(columns @ optimum.x), dict(zip(logs, map(float, optimum.x)))


def _shared(residual, jacobian, group) -> tuple[float, float, float, np.ndarray]:
    """REML: the share of the variance common to a group, how likely such a one is by chance, the
    scatter, and the variances of both estimates, over scatter^4.
    """
    n, p = jacobian.shape
    left, _ = projected(residual, jacobian)
    alone = float(np.sqrt(left @ left / max(n - p, 1)))
    groups = int(group.max()) + 1
    if groups == n or groups < 2 or alone < EXACT or n > MOST:
        return 0.0, 1.0, alone, np.array([[0, 0], [0, 2 / max(n - p, 1)]])
    same = (group[:, None] == group[None]).astype(float)
    basis = _basis(jacobian)
    rest = np.linalg.svd(basis, full_matrices=True)[0][:, basis.shape[1] :]
    turned, y = rest.T @ same @ rest, rest.T @ residual
    values, vectors = np.linalg.eigh(turned)
    y2, k = (vectors.T @ y) ** 2, len(y)

    def deviance(share):
        each = share * np.maximum(values, 0) + (1 - share)
        return k * np.log(np.sum(y2 / each) / k) + np.log(each).sum()

    share = float(SHARES[np.argmin([deviance(s) for s in SHARES])])
    each = share * np.maximum(values, 0) + (1 - share)
    scatter = float(np.sqrt(np.sum(y2 / each) / k))
    fall = max(0.0, deviance(0.0) - deviance(share))
    # half of the chances lie at no share at all
    chance = 0.5 * float(chi2_above(fall, 1)) if fall > 0 else 1.0
    common, own = np.maximum(values, 0) / each, 1 / each
    information = 0.5 * np.array([[common @ common, common @ own], [common @ own, own @ own]])
    return share, chance, scatter, np.linalg.pinv(information)
