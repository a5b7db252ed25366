"""How far would a fitted law move if its study were made again? The same fit over simulated
repeats, or over resampled runs, as ``intervals`` reads them.

Each repeat measures the fitted law again at the same points, with errors as those that the fit left
(``errors``: larger where they are larger, shared where rows share them), and is fitted by the same
optimiser.

From PAIRS runs on the runs themselves are resampled, whole groups where they share an error: a real
table's noise is of no form. On 240 runs of Hoffmann et al. intervals from simulated noise were half
as wide as those over resampled runs. Below, percentiles over resampled pairs cover 84 to 92 % at 6
to 12 runs for laws of few parameters, and up to 99.9 % for laws of five, whose resamples may hold
too few different runs. ``tests/benchmarks/bench_coverage.py`` measures how often these hold.
"""

import numpy as np

from analysis.fits.fitted import View
from analysis.fits.intervals import Reading, Shared, Uncertain
from analysis.fits.linear import LEVEL, Z
from analysis.fits.trust import errors, misfit, richer
from analysis.fits.trust.errors import Errors
from analysis.text import listed

RESAMPLES = 1000
PAIRS = 100  # runs from which they are resampled
LEAST_GROUPS = 20  # groups that share an error, from which they are
EXACT = 1e-9  # scatter below which a law fits as well as arithmetic allows


def simulate(
    view: View, resamples: int = RESAMPLES, seed: int = 0, widen: bool = True
) -> Uncertain:
    """Repeats of the study behind ``view``; ``widen``: by what richer laws say, where the law does
    not fit.

    ValueError where no degree of freedom is left, or where rows of one cluster are fewer clusters
    than parameters.
    """
    runs, residual, jacobian = view.runs, view.residuals, view.jacobian()
    n, p = jacobian.shape
    made = errors.estimated(runs, residual, jacobian, view.axes)
    clusters = made.groups if made.from_table else n
    if clusters <= p:
        what = "runs" if clusters == n else f"trainings (their {n} rows are not independent)"
        raise ValueError(
            f"an interval of {p} parameters needs {p + 1} {what} or more, found {clusters}: "
            f"{listed(runs.names, range(n))}"
        )
    rng = np.random.default_rng(seed)
    shares = made.share > 0
    resample = n >= PAIRS and (not shares or made.groups >= LEAST_GROUPS)
    if resample:
        scatter = float(spread_of(residual, p))
        weight = _weights(rng, made.group if shares else np.arange(n), resamples)
        draws, overstated = (
            view.refit(runs.columns, view.values[None].repeat(resamples, 0), weight),
            1.0,
        )
        shared = None
    else:
        alike = residual / made.size
        scatter = made.scatter if shares else float(spread_of(alike, p))
        noise = scatter * made.drawn(rng, resamples)
        log_law = view.log_law(view.estimate, runs.columns)
        draws = view.refit(runs.columns, np.exp(log_law + noise), np.ones((resamples, n)))
        overstated = 1.0
        if scatter > EXACT and not shares:
            left = (view.log_law(draws, runs.columns) - log_law - noise) / made.size
            overstated = float(spread_of(left, p).mean() / scatter)
        scatter /= overstated
        shared = _covariances(jacobian, made) if shares else None
    against = misfit.lack_of_fit(view, made, jacobian) if widen else None
    others, stands = [], True
    if against and (against.doubted or richer.few(view)):
        others, stands = richer.readings(view, made, against, seed)
    return Uncertain(
        view.names,
        np.asarray(view.estimate),
        draws,
        scatter,
        (clusters if made.from_table and resample else n) - p,
        overstated,
        tails_of(residual, scatter) if n >= PAIRS else 1.0,
        shared,
        made,
        against,
        tuple(Reading(*other) for other in others),
        resample,
        stands,
    )


def spread_of(residual: np.ndarray, parameters: int):
    """The scatter from the mean absolute residual (..., n) -> (...), for normal noise the standard
    deviation; outliers weigh little.
    """
    return np.sqrt(np.pi / 2) * np.abs(residual).sum(-1) / (residual.shape[-1] - parameters)


def tails_of(residual: np.ndarray, scatter: float) -> float:
    """By how much the band of 95 % of the residuals (n,) is wider than that of normal noise of
    ``scatter``, where it is: outliers weigh little in ``scatter``, and the next measurement may be
    one.
    """
    return (
        max(1.0, float(np.quantile(np.abs(residual), LEVEL)) / (Z * scatter))
        if scatter > EXACT
        else 1.0
    )


def _weights(rng, group: np.ndarray, resamples: int) -> np.ndarray:
    """How often each row counts in each resample (S, n): whole groups are drawn."""
    groups = int(group.max()) + 1
    return rng.multinomial(groups, np.full(groups, 1 / groups), resamples).astype(float)[:, group]


def _covariances(jacobian: np.ndarray, made: Errors) -> Shared:
    inverse = np.linalg.pinv(jacobian)  # (p, n)
    away = inverse * made.size
    together = np.zeros((len(inverse), made.groups))
    for row, group in enumerate(made.group):
        together[:, group] += away[:, row]
    variances = np.array([made.share, 1 - made.share])
    return Shared(
        made.share * together @ together.T,
        (1 - made.share) * away @ away.T,
        made.variances / np.outer(variances, variances),
    )
