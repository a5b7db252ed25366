"""Runs of a known law, to be drawn."""

import math

import numpy as np
import polars as pl
import pytest

from analysis.fits.points import Runs

BUDGETS = (1e17, 1e18, 1e19)


@pytest.fixture(scope="session")
def traded() -> Runs:
    """Seven sizes at each of three budgets under E + A/N^a + B/D^b, without noise."""
    rows = [
        {
            "n": n,
            "d": c / 6 / n,
            "flops": c,
            "loss": 1.7 + 400 / n**0.34 + 410 / (c / 6 / n) ** 0.28,
        }
        for c in BUDGETS
        for n in 0.09 * math.sqrt(c) * np.geomspace(0.15, 6, 7)
    ]
    return Runs.of(pl.DataFrame(rows), n="n", d="d", loss="loss", flops="flops")
