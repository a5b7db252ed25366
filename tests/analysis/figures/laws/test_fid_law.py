"""Does the figure of FID's law draw its bands as far as it says, and its audit beside the rung?"""

import re

import numpy as np
import polars as pl
import pytest

from analysis.answers.study import Answers
from analysis.figures.laws.fid_law import audit_text, fid_law
from analysis.frames import trials_frame
from tests.analysis.figures.reading import texts


@pytest.fixture(scope="module")
def answers(finished):
    return Answers.of(trials_frame(finished))


@pytest.fixture(scope="module")
def figure(answers):
    return fid_law(answers, ahead=8.0)


def test_each_series_has_a_line_beyond_its_largest_model(answers, figure):
    (axes,) = figure.axes
    largest = answers.models["forward_gmacs"].max()
    beyond = [line for line in axes.lines if line.get_linestyle() == ":"]
    series = len({name.partition("/")[2] for name in answers.models["model"]})
    assert len(beyond) == len(axes.collections) == series
    ends = [np.max(line.get_xdata()) for line in beyond]
    assert largest * 5 < max(ends) < largest * 12  # Gflops go nearly as parameters do


def test_every_measured_model_and_each_foretold_one_can_be_read(answers, figure):
    said = texts(figure)
    _, final, _ = answers.rolled
    for row in answers.models.to_dicts():
        assert any(text.startswith(f"{row['model']}: FID") for text in said)
    foretold = [text for text in said if "foretold" in text]
    assert len(foretold) == len(final.models)
    for text, value in zip(foretold, final.predicted.value):
        shown, low, high = map(float, re.findall(r"(?:foretold |\[|, )([\d.]+)", text)[:3])
        assert shown == pytest.approx(value, rel=0.01) and low < shown < high


def test_the_audit_is_told_with_its_error_and_what_lay_inside(answers):
    chosen, final, _ = answers.rolled
    told = audit_text(chosen, final)
    assert told.startswith(f"Form chosen on {chosen.decided_on}; {final.rung} foretold from ")
    assert f"{final.inside} of {len(final.models)} inside their 95 % intervals" in told


def test_too_few_rungs_are_refused(finished):
    trials = trials_frame(finished)
    few = trials.filter(pl.col("rung").is_in(trials["rung"].unique().sort()[:2].to_list()))
    with pytest.raises(ValueError, match="needs 3 smaller sizes or more, found 1"):
        fid_law(few)
