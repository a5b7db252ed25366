"""Is each step of a ladder compared with the one before it and with the first?"""

import math

import numpy as np
import polars as pl
import pytest

from analysis.answers.compare.ladder import (
    is_resolved,
    ladder,
    ladder_sentence,
    ladder_table,
    study_ladder,
)
from scaling.records import StudyFolder
from scaling.study import Plan, Study, grid
from scaling.study.settings import with_settings
from tests.analysis.rung_effects import recipe
from tests.analysis.synthetic_study import SIZES

GAINS = {"plain": 0.0, "twice": math.log(2), "no more": math.log(2)}


@pytest.fixture
def made():
    """Trials of three recipes, each with words of its own in its series, and their rungs."""
    rng = np.random.default_rng(0)
    frames, steps = [], {}
    for name, gain in GAINS.items():
        own = recipe(rng, lambda c, gain=gain: gain, noise=0.01)
        own = own.with_columns(
            trial_id=pl.format("{}-{}", pl.lit(name), "trial_id"),
            series=pl.lit(f"patch 2, {name}"),
            protocol=pl.lit(name),
        )
        frames.append(own)
        steps[name] = dict(own.select("trial_id", "rung").rows())
    return pl.concat(frames), steps


def test_a_step_is_worth_what_it_adds_and_the_ladder_what_all_add(made):
    trials, steps = made
    twice, no_more = ladder(trials, steps)
    for compared, truth in (
        (twice.over_previous, 2),
        (twice.over_first, 2),
        (no_more.over_previous, 1),
        (no_more.over_first, 2),
    ):
        assert math.exp(compared.mean.value) == pytest.approx(truth, rel=0.1)
        assert len(compared.rungs) == 4 and compared.across
    # twice the compute at FID ~ C^-0.3
    assert math.exp(twice.change.value) == pytest.approx(2**-0.3, rel=0.02)
    assert math.exp(no_more.change.value) == pytest.approx(1, rel=0.02)
    assert no_more.change_over_first.value == pytest.approx(
        twice.change.value + no_more.change.value
    )
    table = ladder_table([twice, no_more])
    assert table.count(", trend ") == 4 and "fid at equal sizes: 0.8" in table


def test_the_sentence_names_what_is_seen_to_change(made):
    steps = ladder(*made)
    assert [is_resolved(step.change) for step in steps] == [True, False]
    sentence = ladder_sentence(steps)
    assert sentence.startswith(
        "Of 2 changes of the recipe, each on top of those before, 1 is seen to change FID at equal "
        "sizes: twice, 0.8"
    )
    assert "no more" not in sentence and sentence.endswith(" times the first recipe's.")
    assert "none is seen to change FID at equal sizes. All together: " in ladder_sentence(steps[1:])


def test_a_step_that_cannot_be_compared_says_why_and_the_others_stand(made):
    trials, steps = made
    (first, second) = ladder(trials, steps | {"no more": dict(list(steps["no more"].items())[:1])})
    assert math.exp(first.over_first.mean.value) == pytest.approx(2, rel=0.1)
    assert "two sizes that both studies completed" in second.over_first
    assert "not compared (" in ladder_table([second])
    with pytest.raises(ValueError, match="two steps or more, got 1"):
        ladder(trials, {"plain": steps["plain"]})


def test_a_study_of_one_recipe_or_of_other_sizes_is_no_ladder(tiny, tmp_path):
    sizes = grid(tiny, {"size": SIZES})
    others = [with_settings(sizes[0], {"train.label_dropout": 0.5})]  # one size of another recipe
    study = Study(name="s", question="?", expectation="!", trials=(*sizes, *others))
    folder = StudyFolder(tmp_path / "s")
    folder.write_plan(Plan.of(study))
    with pytest.raises(ValueError, match="s has no two recipes of the same two sizes or more"):
        study_ladder(folder.folder)
    with pytest.raises(ValueError, match="no metric 'FID' of a trial; there are fid, kid"):
        study_ladder(folder.folder, "FID")
