"""What if each series, such as a patch, has a law of its own? The same law, fitted to each apart.

It is asked only where one law for all does not fit (``richer``), and of a table that tells its
series.
"""

from collections.abc import Callable

import numpy as np

from analysis.fits.fitted import Columns, Form
from analysis.fits.points import Runs

SPARE = 2  # rows of each series more than parameters
ROLE = "series"


def forms(
    runs: Runs,
    parameters: int,
    refit: Callable[[Columns, np.ndarray, np.ndarray], np.ndarray],
    log_law: Callable[[np.ndarray, Columns], np.ndarray],
) -> tuple[Form, ...]:
    """The form that fits each series of ``runs`` apart; none where there are fewer than two, or one
    has too few rows.

    ``refit`` and ``log_law`` are those of a ``View`` of ``parameters`` parameters.
    """
    if runs.series is None or len(runs.series.names) < 2:
        return ()
    rows = np.unique(runs[ROLE], return_counts=True)[1]
    if len(rows) < len(runs.series.names) or rows.min() < parameters + SPARE:
        return ()

    def predict(columns: Columns, values: np.ndarray, at: Columns) -> np.ndarray:
        out = np.empty((len(values), len(at[ROLE])))
        for each in np.unique(at[ROLE]):
            rows, there = columns[ROLE] == each, at[ROLE] == each
            if rows.sum() < parameters + SPARE:
                raise ValueError("too few rows of a series")
            own = {role: v[rows] for role, v in columns.items()}
            fitted = refit(own, values[:, rows], np.ones((len(values), int(rows.sum()))))
            out[:, there] = log_law(fitted, {role: v[there] for role, v in at.items()})
        return out

    named = {name: float(i) for i, name in enumerate(runs.series.names, 1)}
    title = f"a law for each {runs.series.column}"
    return (Form(title, predict, parameters * len(named), series=named),)
