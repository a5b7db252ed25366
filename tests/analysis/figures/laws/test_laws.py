"""Do the figures of laws show every run, minimum and floor, and say where they extrapolate?"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.exponent_choices import spread
from analysis.figures import laws
from analysis.fits.approaches import isoflop, parametric
from analysis.fits.points import Runs
from analysis.frames import trials_frame
from tests.analysis.figures.reading import texts

BUDGETS = (1e17, 1e18, 1e19)


@pytest.fixture(scope="module")
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


def test_isoflop_profiles_show_every_run_and_every_minimum(traded):
    figure = laws.isoflop_profiles(traded, isoflop.fit(traded), note="Data: simulated.")
    profiles, minima = figure.axes
    assert [text.get_text() for text in profiles.get_legend().get_texts()] == [
        "FLOPs",
        "10¹⁷",
        "10¹⁸",
        "10¹⁹",
    ]
    assert "0.4" in minima.get_title(loc="left")
    assert len(texts(figure)) == 21 + 3 + 3
    assert "21 runs. Data: simulated." in figure.get_supxlabel().replace("\n", " ")


def test_the_loss_law_states_its_floor_only_where_there_is_one(traded):
    (axes,) = laws.loss_law(parametric.fit(traded), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 1.70 + ")
    flat = Runs.checked(
        traded.names, {**traded.columns, "loss": traded["loss"] - 1.7}, traded.cluster
    )
    (axes,) = laws.loss_law(parametric.fit(flat), resamples=20).axes
    assert axes.get_title(loc="left").startswith("$L = 40")


def test_what_is_drawn_past_ten_times_the_data_says_so(traded, noise_free):
    """Every figure that extrapolates; within ten times none says it."""
    trials, fitted, found = trials_frame(noise_free), parametric.fit(traded), isoflop.fit(traded)
    far = "times the largest budget, past 10 times the data"
    for draw, told in (
        (lambda n: laws.loss_law(fitted, resamples=20, ahead=n), far),
        (lambda n: laws.isoflop_profiles(traded, found, ahead=n), far),
        (
            lambda n: laws.fid_law(trials, ahead=n),
            "times the largest model, past 10 times the data",
        ),
    ):
        near, beyond = (
            " ".join(axes.get_title(loc="left") for axes in draw(n).axes).replace("\n", " ")
            for n in (10, 30)
        )
        assert "past" not in near
        assert f"Reaches 30 {told}: nothing checks a law there." in beyond


def test_choices_are_named_in_words(finished):
    figure = laws.exponent_choices(spread(trials_frame(finished)), note="Data: digits.")
    named = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert named[:3] == ["FID on Gflops", "metric: KID", "metric: held-out loss"]
    assert "without: d3w64" in named
    assert texts(figure)[0].startswith("FID on Gflops: −0.")
