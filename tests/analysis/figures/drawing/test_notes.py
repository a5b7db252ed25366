"""Does a note tell how the drawn trials were trained?"""

import polars as pl

from analysis.figures.compute import metrics
from analysis.figures.drawing.notes import settings_note
from analysis.frames import evaluations_frame, trials_frame


def test_a_note_tells_the_range_of_steps_and_that_of_rates(finished):
    """Of evaluations, each at the last step of its trial, and of trials."""
    evaluations = evaluations_frame(finished)
    note = metrics.metrics_vs_gflops(evaluations).get_supxlabel().replace("\n", " ")
    assert "batch 64; 500 steps; learning rate 0.003." in note
    trials = trials_frame(finished).with_columns(
        steps=pl.Series([200, 1500] * 18), lr=pl.Series([1e-4, 2e-4] * 18)
    )
    assert settings_note(trials).endswith(
        "batch 64; 200 to 1,500 steps; learning rate 0.0001 to 0.0002."
    )
