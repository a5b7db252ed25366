"""Do answers go by rung and series, whichever family they are of?"""

import pytest

from analysis.answers.compare import compare
from analysis.answers.finding import finding, models_text
from analysis.answers.laws import laws
from analysis.answers.slopes import slopes
from analysis.answers.study import Answers
from analysis.claims import of_study
from analysis.forecasting.suggestions.suggest import suggest
from analysis.forecasting.targets import target_of
from analysis.frames import evaluations_frame, trials_frame
from analysis.report import build
from analysis.select.selection import Selection
from scaling.records import StudyFolder
from tests.analysis.networks import GRID, Convolutions, Mixer
from tests.analysis.synthetic_study import BASE, SIZES, digits_like, study_of, write_study

WIDTHS = (16, 32, 48, 64)
MIXERS = [Mixer(**GRID, width=width) for width in WIDTHS]
CONVOLUTIONS = [Convolutions(**GRID, width=w, kernel=k) for w in WIDTHS for k in (1, 3)]


@pytest.fixture(scope="module")
def mixers(tmp_path_factory) -> StudyFolder:
    """A family of one curve, four rungs, two seeds."""
    plan = digits_like({"model": MIXERS}, seeds=2, name="mixers")
    return write_study(tmp_path_factory.mktemp("mixers"), plan)


@pytest.fixture(scope="module")
def convolutions(tmp_path_factory) -> StudyFolder:
    """A family whose curves are kernels."""
    plan = digits_like({"model": CONVOLUTIONS}, seeds=2, name="convolutions")
    return write_study(tmp_path_factory.mktemp("convolutions"), plan)


def answers_of(study: StudyFolder) -> Answers:
    return Answers(Selection(trials_frame(study), evaluations_frame(study)))


def test_a_family_of_one_curve_has_its_finding_slope_steps_and_laws(mixers):
    answers = answers_of(mixers)
    assert finding(mixers).sentence.startswith("Over 4 tests-mixers and 2 seeds FID falls with")
    assert [slope.subset for slope in answers.slopes] == ["all", "tests-mixer"]
    assert [(step.axis, step.lower, step.upper) for step in answers.steps] == [
        ("size", "Mixer-16", "Mixer-32"),
        ("size", "Mixer-32", "Mixer-48"),
        ("size", "Mixer-48", "Mixer-64"),
    ]
    answered = {law.name: law for law in laws(answers)}
    assert answered["gflops"].law and answered["frontier"].law
    assert "needs tokens" not in (answered["gflops"].why_no_audit or "")
    assert answers.selection.most_models[0] == "tests-mixer"


def test_curves_of_a_family_are_its_series(convolutions):
    answers = answers_of(convolutions)
    assert [slope.subset for slope in slopes(trials_frame(convolutions))] == [
        "all",
        "kernel 3",
        "kernel 1",
    ]
    assert {step.axis for step in answers.steps} == {"size", "kernel"}
    across = [step for step in answers.steps if step.axis == "kernel"]
    assert (across[0].lower, across[0].upper) == ("Conv-16/1", "Conv-16/3")
    assert "Over 8 ConvNets" in finding(convolutions).sentence


def test_models_are_counted_by_family(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"model": [*MIXERS[:3], BASE.model]}))
    assert models_text(trials, trials) == "3 tests-mixers and 1 DiT"
    fewer = trials.filter(trials["model"] != "Mixer-32")
    assert models_text(fewer, trials) == "2 of 3 tests-mixers and 1 DiT"


def test_two_families_are_two_recipes(tmp_path):
    dits = [BASE.model.model_copy(update={"width": w, "heads": w // 16}) for w in WIDTHS]
    study = study_of(tmp_path, {"model": [*MIXERS, *dits]})
    sentence = finding(study).sentence
    assert sentence.startswith("2 recipes, each with a law of its own. tests-mixer: Over 4 tests-")
    assert "DiT, adaln-zero: " in sentence and "mixed" not in sentence


def test_claims_about_patches_and_designs_are_not_asked_of_other_families(mixers):
    verdicts = {verdict.claim.name: verdict for verdict in of_study(mixers)}
    for name in ("patch", "gflops-alone", "adaln-zero"):
        assert "not asked of this family: tests-mixer has no " in verdicts[name].why
    assert verdicts["gflops"].verdict == "holds" and verdicts["gflops"].of == "tests-mixer"


def test_mlp_ratios_are_models_with_a_curve_and_a_law_each(tmp_path):
    study = study_of(tmp_path, {"size": SIZES, "model.mlp_ratio": [2.0, 4.0, 8.0]})
    answers = answers_of(study)
    assert answers.slope.models == 12
    assert [slope.subset for slope in answers.slopes[1:]] == [
        "patch 2, mlp 8",
        "patch 2",
        "patch 2, mlp 2",
    ]
    assert {law.name for law in laws(answers) if law.law} >= {"gflops", "frontier"}


def test_studies_of_a_family_are_compared_along_its_series(convolutions):
    """With itself: each multiplier is 1."""
    compared = compare(convolutions, convolutions)
    assert [one.curve for one in compared] == ["kernel 3", "kernel 1"]
    assert [rung.name for rung in compared[0].rungs] == ["w16/3", "w32/3", "w48/3", "w64/3"]
    assert all(rung.multiplier == pytest.approx(1) for one in compared for rung in one.rungs)


def test_a_prediction_of_another_family_names_the_plans_models(mixers):
    with pytest.raises(ValueError, match="unknown model 'DiT-XL/2'; in the plan are Mixer-"):
        target_of("DiT-XL/2@100", mixers.plan())
    suggestion = suggest(mixers, "Mixer-64@2000", budget=1.0)
    assert {run.trial.model.family for run in suggestion.runs} == {"tests-mixer"}


@pytest.mark.parametrize("family", ["mixers", "convolutions"])
def test_the_page_of_another_family_speaks_of_it(family, request):
    page = build(request.getfixturevalue(family), kinds=()).page
    grid = page.partition("How fast FID falls")[2].partition("Laws, their")[0]
    assert "by size and " in grid and "patch" not in grid
    assert ">None<" not in page and "null" not in grid
