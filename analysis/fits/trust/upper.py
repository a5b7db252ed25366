"""What if only the largest rows tell how it goes on? A law fitted to the upper half of the rows.

A law that bends has the exponent of its end there, which a law over all rows averages away.
"""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.fits.fitted import Columns, Form

# columns of the rows kept, their figures (S, k), columns of m rows -> log figures (S, m)
Fitted = Callable[[Columns, np.ndarray, Columns], np.ndarray]


def form(title: str, fitted: Fitted, parameters: int, axes: Sequence[str], spare: int) -> Form:
    """The law that ``fitted`` fits and continues, of the half of the rows with the largest budgets;
    ValueError where these are not ``spare`` rows more than parameters, and one more different.
    """

    def kept(columns: Columns) -> np.ndarray:
        at = budget(columns, axes)
        return at >= np.median(at)

    def predict(columns: Columns, values: np.ndarray, at: Columns) -> np.ndarray:
        upper = kept(columns)
        own = {role: v[upper] for role, v in columns.items()}
        different = len(np.unique(np.column_stack([own[axis] for axis in axes]), axis=0))
        if upper.sum() < parameters + spare or different <= parameters:
            raise ValueError("too few rows in the upper half")
        return fitted(own, values[:, upper], at)

    return Form(title, predict, parameters, all_rows=False, kept=kept)


def budget(columns: Columns, axes: Sequence[str]) -> np.ndarray:
    """The log of the product of all inputs (n,)."""
    return np.sum([np.log(columns[axis]) for axis in axes], axis=0)
