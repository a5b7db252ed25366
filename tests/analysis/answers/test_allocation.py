"""Does a study of equal budgets say how compute is split between model and images, or why that
cannot be said?
"""

import html
import re

import numpy as np
import polars as pl
import pytest

from analysis.answers.allocation import asks_split
from analysis.answers.finding import finding, finding_of
from analysis.answers.study import loss_runs, seed_means
from analysis.claims import of_study
from analysis.fits.approaches import isoflop, parametric
from analysis.frames import evaluations_frame, trials_frame
from analysis.report import page as report
from analysis.report import study_data
from scaling.study.costs.cost import forward_gmacs
from tests.analysis.synthetic_study import BASE, SIZES, digits_like, equal_budgets, write_study

# N in MACs, D in images: the best model lies amid the sizes at each budget
TRUTH = np.array([0.1, 30.0, 6.14, 0.34, 0.28])
EXPONENT = 0.28 / 0.62


def losses(truth):
    """Held-out losses by the law ``truth``, off by 0.2 % either way."""

    def heldout(trial, step):
        model, images = trial.spec.model, step * trial.spec.train.batch
        off = np.random.default_rng([model.width, images, trial.spec.train.seed]).standard_normal()
        return float(parametric.law(truth, 1e9 * forward_gmacs(model), images)) * (1 + 0.002 * off)

    return heldout


def study_of(root, truth=TRUTH, noise=0.001, **plan):
    """FIDs go with the loss: what a study measures is one order of its models."""
    heldout = losses(truth)
    return write_study(
        root, equal_budgets(**plan), noise, heldout=heldout, fid=lambda *at: 100 * heldout(*at) ** 2
    )


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("traded"), seeds=3)


def test_the_exponent_is_stated_with_its_interval_and_budgets(traded):
    found = finding(traded)
    fitted = isoflop.fit(seed_means(loss_runs(evaluations_frame(traded))[1]))
    low, high = fitted.exponent_interval
    assert found.verdict is None
    assert found.sentence.startswith(
        "Over 4 budgets, 4.0e10 to 3.2e11 training FLOPs, the model of lowest held-out loss grows "
        "as "
        f"N ∝ C^{fitted.exponent:.2f} (95 % interval {low:.2f} to {high:.2f}; N in MACs of a "
        "forward pass), so ten times the"
    )
    assert low < EXPONENT < high and fitted.exponent == pytest.approx(EXPONENT, abs=0.1)
    larger, longer = map(
        float,
        re.search(
            r"into (\S+) times the model and (\S+) times the images", found.sentence
        ).groups(),
    )
    assert larger * longer == pytest.approx(10, rel=0.05)


def test_the_page_says_it_first_and_agrees_with_its_table_and_the_claims(traded, monkeypatch):
    """Beyond the best size a larger model is worse at equal compute: the papers' claim does not
    hold here.
    """
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})
    built = report.build(traded)
    told = re.search(r'<p class="finding ">(.*?)</p>', built.page).group(1)
    assert told.startswith(str(finding(traded))) and "No law of FID" not in built.page
    (law,) = [law for law in built.data["laws"] if "isoFLOP" in law.question]
    assert (
        f"N ∝ C^{law.value:.2f} (95 % interval {law.interval[0]:.2f} to {law.interval[1]:.2f};"
        in told
    )
    (decided,) = [one for one in built.data["decided"] if "training compute" in one.statement]
    assert decided.verdict == "does not hold" and decided.sentence in built.page


def test_sizes_that_spent_one_budget_are_compared_there_though_steps_are_whole(traded):
    """The two sizes beyond the best each end up to 0.3 % from where the smaller one ended."""
    (training,) = [verdict for verdict in of_study(traded) if verdict.claim.name == "training"]
    assert (training.verdict, training.of) == ("does not hold", "patch 2: d3w96 against d3w64")
    assert "not judged" not in training.why


def test_budgets_without_a_minimum_are_counted_with_their_reason(traded):
    """At one budget the largest model is best."""
    trials, evaluations = trials_frame(traded), evaluations_frame(traded)
    lowest = (
        (pl.col("model") == "DiT-d3w96/2")
        & (pl.col("metric") == "heldout_loss")
        & (pl.col("train_flops") > 2.5e11)
    )
    changed = evaluations.with_columns(
        value=pl.when(lowest).then(pl.col("value") / 2).otherwise("value")
    )
    sentence = finding_of(trials, changed).sentence
    assert sentence.startswith("Over 3 of 4 budgets, 4.0e10 to 1.6e11 training FLOPs")
    assert "1 gives no minimum (3.2e11 FLOPs: not bracketed: " in sentence


def test_without_minima_it_says_why_there_is_no_exponent(tmp_path):
    found = finding(study_of(tmp_path, truth=TRUTH * [1, 20, 1, 1, 1]))
    assert found.verdict is None
    assert found.sentence.startswith(
        "How to split training compute between model and images cannot be stated: isoFLOP needs "
        "3 budgets with a minimum, found 0 of 4 ("
    )
    assert "not bracketed" in found.sentence and found.sentence.endswith("add 3.")


def test_an_interval_that_leaves_the_split_open_says_so(traded):
    trials, evaluations = trials_frame(traded), evaluations_frame(traded)
    budget = (pl.col("train_flops") / 4e10).log(2).round()  # 0 to 3
    tilt = (pl.col("forward_gmacs") / 8e-4) ** (0.06 * (budget % 2) - 0.03)
    noisy = evaluations.with_columns(
        value=pl.when(pl.col("metric") == "heldout_loss")
        .then(pl.col("value") * tilt)
        .otherwise("value")
    )
    assert (
        "which does not resolve how compute should be split" in finding_of(trials, noisy).sentence
    )


def test_undertuned_large_models_are_told_with_the_exponent_without_them(traded, monkeypatch):
    """Every doubling of size beyond width 48 costs 3 % more loss."""
    tuned = forward_gmacs(BASE.model.model_copy(update={"width": 48, "heads": 3}))
    doublings = (pl.col("forward_gmacs") / tuned).log(2).clip(0)
    tilted = evaluations_frame(traded).with_columns(
        value=pl.when(pl.col("metric") == "heldout_loss")
        .then(pl.col("value") * (1 + 0.03 * doublings))
        .otherwise("value")
    )
    monkeypatch.setattr(study_data, "evaluations_frame", lambda _: tilted)
    monkeypatch.setattr(report, "study_pictures", lambda *_: {})
    built = report.build(traded)
    (law,) = [law for law in built.data["laws"] if law.name == "isoflop"]
    (doubt,) = law.bewares
    without = float(re.search(r"without that it is (\S+)$", doubt).group(1))
    assert abs(without - EXPONENT) < 0.3 * abs(law.value - EXPONENT)
    page = html.unescape(built.page)
    assert f"Beware: {doubt}." in page and f"{law.question}: beware, {doubt}." in page


def test_fair_sizes_raise_no_doubt(traded):
    assert "Beware" not in finding(traded).sentence


def test_which_studies_ask_for_the_split(traded, finished, rates, tmp_path):
    assert asks_split(trials_frame(traded))
    assert not asks_split(trials_frame(finished)) and not asks_split(trials_frame(rates))
    lengths = write_study(
        tmp_path, digits_like({"size": SIZES, "train.steps": [300, 500]}, seeds=1)
    )
    assert not asks_split(trials_frame(lengths))
