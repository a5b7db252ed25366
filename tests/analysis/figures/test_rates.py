"""Does the figure of a search of learning rates name its models as they are?"""

import polars as pl

from analysis.answers.finding import finding_of
from analysis.figures.rates import heldout_vs_lr
from analysis.frames import trials_frame
from analysis.select.learning_rates import best_rates
from tests.analysis.synthetic_study import (
    SIZES,
    study_of,
)


def test_a_comma_in_the_name_of_a_model_is_part_of_its_name(tmp_path):
    trials = trials_frame(study_of(tmp_path, {"size": SIZES[:2], "train.lr": [1e-3, 2e-3]}))
    commas = trials.with_columns(model=pl.format("wide, {}", "model"))
    assert [(rate.of, rate.besides) for rate in best_rates(commas)] == [
        ("wide, DiT-d2w16/2", ""),
        ("wide, DiT-d2w32/2", ""),
    ]
    assert finding_of(commas).sentence == finding_of(trials).sentence.replace("DiT", "wide, DiT")
    # lines, rings
    assert {line.get_linestyle() for line in heldout_vs_lr(commas).axes[0].lines} == {"-", "None"}
    (legend,) = heldout_vs_lr(commas).legends
    assert "Trained with" not in {text.get_text() for text in legend.get_texts()}
