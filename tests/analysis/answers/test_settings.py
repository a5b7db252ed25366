"""Is it said in what trainings differ, and what all of them share?"""

from analysis.answers.settings import ways
from tests.analysis.synthetic_study import SIZES, digits_like

AXES = {"size": SIZES, "model.patch": [4, 2]}


def test_what_trainings_differ_in_is_told(tmp_path):
    axes = {
        "size": SIZES[:1],
        "diffusion.objective": ["epsilon"],
        "model.learn_sigma": [False],
        "diffusion.weighting": ["uniform", "min-snr"],
        "train.weight_decay": [0.0, 0.1],
    }
    found = ways(digits_like(axes, seeds=1))
    assert found["differ"] == ["Diffusion", "Training"]
    assert {words[0] for words in found["each"]} == {
        "epsilon, 1000 timesteps",
        "epsilon, 1000 timesteps, min-snr weights, gamma 5",
    }
    assert sum(words[1].endswith("weight decay 0.1") for words in found["each"]) == 2


def test_an_unusual_prediction_is_told():
    axes = {"size": SIZES[:1], "diffusion.prediction": [None, "v"], "diffusion.loss_in": ["x"]}
    found = ways(digits_like(axes, seeds=1))
    assert {words for (words,) in found["each"]} == {
        "ddpm, 1000 timesteps, loss in x",
        "ddpm, 1000 timesteps, v predicted, loss in x",
    }


def test_shapes_of_one_model_are_told_and_else_its_name_tells_them():
    axes = {"size": SIZES, "model.mlp_ratio": [2.0, 4.0]}
    found = ways(digits_like(axes, seeds=1))
    assert found["differ"] == ["Model"] and sorted(words for (words,) in found["each"]) == [
        "heads 16 channels wide, MLP ratio 2",
        "heads 16 channels wide, MLP ratio 4",
    ]
    assert "Model" not in ways(digits_like(AXES, seeds=1))["shared"]
