"""How sure is a law that is linear in its coefficients? Least squares, Student's intervals.

For log FID = X c; exact where errors are normal. A confidence interval is of the law: where the
mean over trainings of log FID lies. A prediction interval is of one more measurement: it adds the
scatter of one training with one draw of samples. Why not a bootstrap: of 9 models with a law of 4
coefficients, intervals meant to hold the FID of a tenth did so in 84 % (resampled pairs), 68 %
(wild bootstrap) and 95 % (Student's); ``tests/analysis/fits/test_fid_laws.py`` repeats it.

Seeds of one model are repeats of one point, not points of their own: a law is fitted to the means
over seeds, and what the seeds scatter enters the prediction interval (``NoiseVariances``).
"""

from dataclasses import dataclass

import numpy as np

from analysis.fits.distributions import normal_quantile, t_quantile

LEVEL = 0.95
# standard errors either way, where an error is known and not estimated
Z = float(normal_quantile((1 + LEVEL) / 2))

Bounds = tuple[float, float]  # low and high end of an interval


@dataclass(frozen=True)
class Interval:
    """A value with its confidence and prediction interval, all (m,) and in the units of y."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    predicted_low: np.ndarray
    predicted_high: np.ndarray


@dataclass(frozen=True)
class NoiseVariances:
    """Variances of one measured log figure about the law, and the degrees of freedom each
    rests on.
    """

    training: float | None = None  # between seeds of one model, sampling included; None: no repeats
    training_dof: int = 0
    sampling: float | None = None  # of redrawing the samples of one network; None: not measured


UNKNOWN = NoiseVariances()


@dataclass(frozen=True)
class Linear:
    """A least-squares fit: y = X coefficients + error."""

    coefficients: np.ndarray  # (p,)
    unscaled: np.ndarray  # (p, p): inverse of X'X
    scatter: float  # standard deviation of the points about the law, n - p degrees of freedom
    dof: int
    repeats: float = 1  # seeds behind each point, their harmonic mean
    noise: NoiseVariances = UNKNOWN

    @property
    def errors(self) -> np.ndarray:
        """Standard error of each coefficient (p,)."""
        return self.scatter * np.sqrt(np.diag(self.unscaled))

    def coefficient_intervals(self) -> np.ndarray:
        """95 % confidence intervals (p, 2)."""
        half = t_quantile((1 + LEVEL) / 2, self.dof) * self.errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])

    def predict(self, X: np.ndarray) -> Interval:
        """The law at rows ``X`` (m, p), with both intervals.

        The scatter of the points about the law holds misfit, training seed and sampling, divided by
        the seeds where points are means. One new training scatters by the whole: what the mean over
        seeds hid is added.
        """
        value = X @ self.coefficients
        lever = np.einsum("mp,pq,mq->m", X, self.unscaled, X)
        t = t_quantile((1 + LEVEL) / 2, self.dof)
        half = t * self.scatter * np.sqrt(lever)
        hidden = (self.noise.training or 0.0) * (1 - 1 / self.repeats)
        wide = t * np.sqrt(self.scatter**2 * (1 + lever) + hidden)
        return Interval(value, value - half, value + half, value - wide, value + wide)


def least_squares(
    X: np.ndarray, y: np.ndarray, law: str, repeats: float = 1, noise: NoiseVariances = UNKNOWN
) -> Linear:
    """The fit of ``y`` (n,) on ``X`` (n, p). ValueError without a degree of freedom left, or where
    X is degenerate.
    """
    n, p = X.shape
    if n <= p:
        raise ValueError(
            f"{law} has {p} coefficients and needs {p + 1} points or more for an interval, found "
            f"{n}; "
            f"add {p + 1 - n}"
        )
    scale = np.linalg.norm(X, axis=0)
    Q, R = np.linalg.qr(X / np.where(scale > 0, scale, 1))
    if np.abs(np.diag(R)).min() < 1e-9:
        raise ValueError(
            f"{law} cannot be told from these {n} points: they do not vary in each of its {p} "
            "terms; "
            "add models that do"
        )
    inverse = np.linalg.inv(R) / scale[:, None]
    coefficients = inverse @ (Q.T @ y)
    residual = y - X @ coefficients
    scatter = float(np.sqrt(residual @ residual / (n - p)))
    return Linear(coefficients, inverse @ inverse.T, scatter, n - p, repeats, noise)


def line(x: np.ndarray, y: np.ndarray, law: str) -> Linear:
    """The straight line of ``y`` (n,) on ``x`` (n,): its level at the mean of ``x``, and its slope.
    ValueError as ``least_squares``.
    """
    away = x - x.mean() if len(x) else x
    return least_squares(np.column_stack([np.ones(len(x)), away]), y, law)


def slope_weights(x: np.ndarray) -> np.ndarray:
    """The least-squares slope on ``x`` (n,) as a contrast: its weights on the n values of y."""
    away = x - x.mean()
    return away / float(away @ away)


def noise_of(
    values: np.ndarray, cell: np.ndarray, sampling_std: np.ndarray | None = None
) -> NoiseVariances:
    """The scatter of repeats: log ``values`` (n,) of trainings whose ``cell`` (n,) says which are
    repeats of which.

    ``sampling_std`` (m,) is the standard deviation of log values under redrawing the samples alone,
    where known; the part of the seeds' scatter that is left is training. A difference below zero is
    zero: training was not resolved.
    """
    pooled, dof = 0.0, 0
    for name in np.unique(cell):
        mine = np.log(values[cell == name])
        pooled += float(((mine - mine.mean()) ** 2).sum())
        dof += len(mine) - 1
    sampling = None if sampling_std is None else float(np.mean(np.square(sampling_std)))
    return NoiseVariances(pooled / dof if dof else None, dof, sampling)


def training_alone(noise: NoiseVariances) -> float | None:
    """The variance between trainings with sampling taken out; None where either is unknown."""
    if noise.training is None or noise.sampling is None:
        return None
    return max(0.0, noise.training - noise.sampling)
