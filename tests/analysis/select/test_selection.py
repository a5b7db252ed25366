"""Does a selection keep each set, and say what it lacks?"""

import polars as pl
import pytest

from analysis.frames import evaluations_frame, trials_frame
from analysis.select.selection import Selection


def test_a_selection_keeps_each_set(finished):
    selection = Selection(trials_frame(finished), evaluations_frame(finished))
    assert selection.points() is selection.points("fid")
    assert selection.points("heldout_loss") is not selection.points()
    assert selection.main is selection  # one recipe
    assert selection.headline("fid", False) is selection.headline("fid", False)
    assert selection.most_models[1]["patch"].unique().to_list() == [2]


def test_the_frontier_is_what_no_cheaper_checkpoint_betters(finished):
    selection = Selection(None, evaluations_frame(finished))
    best = selection.frontier
    assert best["train_flops"].is_sorted() and best["fid"].is_sorted(descending=True)
    means = selection.fit_checkpoints().filter(
        (pl.col("model") == best["model"][0]) & (pl.col("step") == best["step"][0])
    )
    assert best["fid"][0] == pytest.approx(means["value"].log().mean().__rpow__(2.718281828459045))


def test_a_selection_says_which_frame_it_lacks(finished):
    with pytest.raises(ValueError, match="no trials are known here"):
        _ = Selection(None, evaluations_frame(finished)).points()
    with pytest.raises(ValueError, match="these records hold no curve of FID over training"):
        _ = Selection(trials_frame(finished)).training_checkpoints
