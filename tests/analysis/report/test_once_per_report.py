"""Does a report select each set of rows once and fit each law once?"""

import functools
import sys
from collections import Counter

import numpy as np
import polars as pl
import pytest

from analysis.answers import slopes, study
from analysis.fits import curves, fid_laws, loss_to_fid
from analysis.fits.approaches import envelope, isoflop, parametric
from analysis.fits.points import Runs
from analysis.report import build
from analysis.select import checkpoints, trials
from scaling.study.costs.cost import forward_gmacs
from tests.analysis.synthetic_study import digits_like, write_study

SELECTORS = (
    trials.fit_points,
    trials.sampling_points,
    checkpoints.headline,
    checkpoints.fit_checkpoints,
    checkpoints.training_checkpoints,
    checkpoints.last_metrics,
    checkpoints.frontier,
)
FITS = (
    slopes.slope_of,
    slopes.line_of,
    fid_laws.model_means,
    fid_laws.fit_law,
    curves.fit,
    envelope.fit,
    isoflop.fit,
    loss_to_fid.fit,
    parametric.fit,
    parametric.uncertain,
)


def digest(value):
    """Two arguments of one content have one."""
    if isinstance(value, pl.DataFrame):
        return tuple(value.columns), value.hash_rows().sum(), len(value)
    if isinstance(value, Runs):
        return value.names, *((role, v.tobytes()) for role, v in value.columns.items())
    if isinstance(value, np.ndarray):
        return value.tobytes()
    return repr(value)


@pytest.fixture
def calls(monkeypatch) -> Counter:
    """How often each selector and fit is called with the same content."""
    counted = Counter()

    def counting(function):
        @functools.wraps(function)
        def counts(*args, **options):
            content = [digest(v) for v in (*args, *options.values())]
            counted[function.__module__, function.__name__, *content] += 1
            return function(*args, **options)

        return counts

    modules = [module for name, module in sys.modules.items() if name.startswith("analysis.")]
    for function in SELECTORS + FITS:
        counting_one = counting(function)
        for module in modules:
            for name, value in list(vars(module).items()):
                if value is function:
                    monkeypatch.setattr(module, name, counting_one)
    return counted


def heldout(trial, step) -> float:
    """A held-out loss by a law of model and images, off by 0.2 % either way."""
    model, images = trial.spec.model, step * trial.spec.train.batch
    off = np.random.default_rng([model.width, images, trial.spec.train.seed]).standard_normal()
    truth = np.array([0.1, 30.0, 6.14, 0.34, 0.28])
    macs = 1e9 * forward_gmacs(model)
    return float(parametric.law(truth, macs, images)) * (1 + 0.002 * off)


def test_each_set_is_selected_once_and_each_law_is_fitted_once(tmp_path, calls, monkeypatch):
    monkeypatch.setattr(study, "RESAMPLES", 100)
    built = build(write_study(tmp_path, digits_like(seeds=2), heldout=heldout), kinds=())
    assert {name for name, drawn in built.pictures.items() if drawn.missing} == {"isoflop_profiles"}
    asked = Counter((module, name) for module, name, *_ in calls)
    selected = trials.fit_points, checkpoints.headline, checkpoints.fit_checkpoints
    fitted = fid_laws.fit_law, slopes.slope_of, parametric.fit, parametric.uncertain
    for function in selected + fitted:
        assert asked[function.__module__, function.__name__]
    again = {key[:2]: times for key, times in calls.items() if times > 1}
    assert not again, f"asked again of the same rows: {again}"
