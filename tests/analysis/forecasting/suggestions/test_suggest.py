"""Is what is suggested affordable, priced by its increments, and a study that runs?"""

import itertools

import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.suggestions.suggest import MFU, suggest, suggest_from
from analysis.frames.published import dit_evaluations
from scaling.records import StudyFolder
from scaling.study import Plan, load_study
from scaling.study.costs.cost import forward_gmacs, gpu_hours, train_flops
from tests.analysis.synthetic_study import SIZES, digits_like, measure

TARGET, BUDGET = "DiT-d3w64/2@2000", 4e-7


def price(run, images: int) -> float:
    """GPU-hours of training on ``images``, and of sampling 1,000 images by 50 forwards at each
    checkpoint.
    """
    protocol = run.trial.evaluate.protocol
    assert (protocol.samples, protocol.forwards, protocol.guided) == (1000, 50, False)
    sampling = len(run.checkpoints) * 2 * 1000 * 50 * 1e9 * forward_gmacs(run.trial.model)
    return gpu_hours(train_flops(run.trial.model, images) + sampling, MFU)


def test_a_suggestion_keeps_its_budget_and_counts_only_steps_not_yet_trained(finished):
    found = suggest(finished, TARGET, BUDGET)
    recorded = {trial.train_id for trial in finished.plan().trials}
    assert found.runs and 0 < found.gpu_hours <= BUDGET
    done = {train_id: 500 for train_id in recorded}
    for run in found.runs:
        assert run.trial.train_id in recorded and run.from_step == done[run.trial.train_id]
        images = (run.trial.train.steps - run.from_step) * run.trial.train.batch
        assert run.gpu_hours == pytest.approx(price(run, images))
        done[run.trial.train_id] = run.trial.train.steps
    widths = [found.width, *(run.width for run in found.runs)]
    assert all(after < before for before, after in itertools.pairwise(widths))
    assert found.interval[0] < found.expected[0] < found.fid < found.expected[1] < found.interval[1]


def test_a_model_without_records_costs_its_whole_training_and_keeps_its_heads(finished):
    found = suggest(finished, TARGET, 1e-3, candidates=["DiT-d3w64/1@200", "DiT-d3w64/1@400"])
    (run,) = found.runs
    assert (run.from_step, run.trial.model.heads, run.trial.train.lr) == (0, 4, 3e-3)
    assert run.checkpoints == (200, 400)
    assert run.gpu_hours == pytest.approx(price(run, 400 * 64))


def test_the_papers_table_is_asked_what_to_run_next():
    """XL/2 at 7M steps from the 12 models at 400K: the interval holds the published 9.62, and all
    is to be continued.
    """
    plan = Plan.of(load_study("dit_imagenet256"))
    found = suggest_from(plan, dit_evaluations(plan), "DiT-XL/2@7M", 20)
    assert found.interval[0] < 9.62 < found.interval[1]
    assert {run.from_step for run in found.runs} == {400_000} and found.gpu_hours <= 20
    assert found.width > found.runs[-1].width


def test_a_training_that_diverged_is_suggested_to_nobody(tmp_path):
    plan = digits_like({"size": SIZES}, seeds=1, name="lost")
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        largest = trial.spec.model.width == 64
        run = measure(study, trial, 0.02, until=200 if largest else 500)
        if largest:
            run.write_state("diverged", "loss nan at step 230", step=230)
    found = suggest(study, "DiT-d4w96/2@500", 1.0)
    assert {run.trial.model.name for run in found.runs} <= {
        "DiT-d4w96/2",
        "DiT-d2w16/2",
        "DiT-d2w32/2",
        "DiT-d2w48/2",
    }
    assert (
        found.diverged == ("DiT-d3w64/2",)
        and "that training diverged: DiT-d3w64/2" in found.lines()
    )
    with pytest.raises(ValueError, match=r"measured already or diverged \(DiT-d3w64/2\)"):
        suggest(study, "DiT-d4w96/2@500", 1.0, candidates=["DiT-d3w64/2"])


def test_a_higher_utilisation_buys_more(finished):
    half, whole = (
        suggest(finished, TARGET, 2 * BUDGET, mfu=0.2),
        suggest(finished, TARGET, BUDGET, mfu=0.4),
    )
    assert [run.trial for run in half.runs] == [run.trial for run in whole.runs]
    assert half.gpu_hours == pytest.approx(2 * whole.gpu_hours)


@pytest.mark.parametrize(
    "asked, why",
    [
        (dict(target="DiT-d3w64/2@500", budget=1), "DiT-d3w64/2@500 is measured already"),
        (dict(target="DiT-d3w65x/2@900", budget=1), "unknown model"),
        (dict(target=TARGET, budget=1e-12), "buy none of the candidates; the cheapest costs"),
        (dict(target=TARGET, budget=-1), "buy none of the candidates"),
        (dict(target=TARGET, budget=1, mfu=1.5), "mfu is 1.5"),
        (dict(target=TARGET, budget=1, candidates=[TARGET]), "the only candidate is the target"),
        (
            dict(target=TARGET, budget=1, candidates=["DiT-d3w64/2@500"]),
            "every candidate is measured already",
        ),
    ],
)
def test_what_cannot_be_suggested_is_said_in_one_line(finished, asked, why):
    with pytest.raises(ValueError, match=why) as error:
        suggest(finished, **asked)
    assert "\n" not in str(error.value)


def test_no_records_no_suggestion(tmp_path):
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    with pytest.raises(ValueError, match="no records"):
        suggest(study, TARGET, 1.0)


def test_a_target_that_is_none_is_refused_before_the_records_are_read(tmp_path):
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    before = sorted(tmp_path.rglob("*"))
    for forecast in (lambda target: suggest(study, target, 1.0), lambda t: predict(study, [t])):
        with pytest.raises(ValueError, match="unknown model"):
            forecast("nonsense@10")
    assert sorted(tmp_path.rglob("*")) == before
