"""Which held-out losses may stand on one axis?"""

import pytest

from analysis.answers.study import loss_runs
from analysis.frames import evaluations_frame, trials_frame
from analysis.select.losses import loss_frames
from analysis.select.recipes import recipes_of
from tests.analysis.synthetic_study import (
    OBJECTIVES,
    SIZES,
    study_of,
)


def test_losses_of_two_objectives_are_no_one_axis(tmp_path):
    with pytest.raises(ValueError, match=r"2 recipes are mixed.*\(ddpm; epsilon\)"):
        loss_runs(evaluations_frame(study_of(tmp_path, OBJECTIVES)))


def test_a_loss_counts_once_however_many_ways_its_training_is_sampled(tmp_path):
    several = study_of(
        tmp_path, {"size": SIZES, "evaluate.protocol.guidance": [1.0, 1.5]}, "guided"
    )
    assert evaluations_frame(several)["protocol"].n_unique() == 2
    once = study_of(tmp_path, {"size": SIZES}, "once")
    (curve, runs), (_, alone) = (
        loss_runs(evaluations_frame(several)),
        loss_runs(evaluations_frame(once)),
    )
    assert curve == "patch 2" and len(runs) == len(SIZES) * 5
    assert runs["loss"].tolist() == alone["loss"].tolist()


def test_loss_weightings_are_told_apart_in_words(tmp_path):
    axes = {
        "size": SIZES,
        "diffusion.objective": ["epsilon"],
        "model.learn_sigma": [False],
        "diffusion.weighting": ["uniform", "min-snr"],
    }
    assert list(recipes_of(trials_frame(study_of(tmp_path, axes))).values()) == [
        "uniform",
        "min-snr",
    ]


def flows(tmp_path, *predictions):
    """A study of flows that predict, with a loss in, each of ``predictions``."""
    flow = {"diffusion.objective": "flow", "model.learn_sigma": False}
    flow["evaluate.protocol.sampler"] = "heun"
    recipes = [
        flow | {"diffusion.prediction": predicted, "diffusion.loss_in": loss_in}
        for predicted, loss_in in predictions
    ]
    return study_of(tmp_path, {"size": SIZES[:1], "recipe": recipes})


def test_errors_of_two_predictions_are_no_one_figure(tmp_path):
    several = flows(tmp_path / "several", (None, None), ("x", "v"))
    words = {"flow", "flow, x predicted, loss in v"}
    assert set(recipes_of(trials_frame(several)).values()) == words
    with pytest.raises(ValueError, match=r"flow and of flow, x predicted, loss in v is no one fig"):
        loss_frames([several], "heldout_loss")
    with pytest.raises(ValueError, match=r"of flow and of flow, x predicted is no one figure"):
        loss_frames([several], "heldout_mse")
    one = flows(tmp_path / "one", ("x", "v"), ("x", None))
    with pytest.raises(ValueError, match=r"compare by --metric fid or heldout_mse"):
        loss_frames([one], "heldout_loss")
    assert len(loss_frames([one], "heldout_mse")[0]) == 1
