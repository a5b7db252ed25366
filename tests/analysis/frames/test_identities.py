"""Do seeds share a cell and runs of one family a recipe, and nothing else?"""

import polars as pl

from analysis.frames import trials_frame
from analysis.frames.identities import protocol_id, recipe_id
from scaling.study import load_study
from scaling.study.costs.cost import forward_gmacs
from scaling.study.settings import with_settings
from scaling.study.specs.decoder import tokenizer
from tests.analysis.frames.samples import mixer
from tests.analysis.networks import GRID, Convolutions
from tests.analysis.synthetic_study import (
    BASE,
)


def convolutions() -> Convolutions:
    return Convolutions(**GRID, width=32, kernel=3)


def test_a_recipe_is_of_one_family_and_that_of_dit_is_as_released():
    models = (BASE.model, mixer(), convolutions())
    recipes = [recipe_id(BASE.model_copy(update={"model": model})) for model in models]
    assert recipes[0] == "c9974aec"
    assert len(set(recipes)) == 3
    wider = BASE.model_copy(update={"model": mixer(64)})
    assert recipe_id(wider) == recipes[1]


def test_seeds_of_one_model_share_a_cell_and_nothing_else_does(finished):
    frame = trials_frame(finished)
    assert frame["cell"].n_unique() == 12
    assert (frame.group_by("cell").agg(pl.col("seed").n_unique())["seed"] == 3).all()


def test_another_learning_rate_is_another_cell(rates):
    assert trials_frame(rates)["cell"].n_unique() == 16


def test_tokenizers_share_an_axis_where_all_is_compared_with_the_real_images():
    trials = load_study("tokenizers").trials
    assert {tokenizer(trial.data) for trial in trials} == {
        "pixels",
        "digits-f2c2",
        "digits-f2c4",
        "digits-f2c8",
        "digits-f4c16",
    }
    assert len({protocol_id(trial) for trial in trials}) == 1
    assert len({recipe_id(trial) for trial in trials}) == 5
    against_latents = [
        with_settings(trial, {"evaluate.protocol.references": ("train",)}) for trial in trials
    ]
    assert len({protocol_id(trial) for trial in against_latents}) == 5


def test_the_tokenizers_of_a_rung_cost_alike():
    trials = load_study("tokenizers").trials
    for rung in range(3):
        macs = [forward_gmacs(trial.model) for trial in trials][rung::3]
        assert len(macs) == 5 and max(macs) / min(macs) < 1.08
