"""Is every value that a field of a trial cannot have refused in one line, quickly, and by name?"""

import time

import pytest

from scaling.study import Study, grid, load_study
from scaling.study.grid import MOST_TRIALS
from scaling.study.settings import parse_settings

# field -> values that are refused, as --set takes them
REFUSED = {
    "train.betas": ["[1.0, 0.9]", "[0.9, 1]", "[-0.1, 0.9]", "[0.9]", "[0.9, 0.9, 0.9]", "0.9"],
    "train.steps": ["0", "-1", "true", "1.5", "1e10", "many", "NaN", "null", "[1]", "9" * 5000],
    "train.batch": ["0", "true", "1e9"],
    "train.lr": ["0", "-1e-3", "NaN", "Infinity", "1e39", "true", '"fast"', "[" * 10_000],
    "train.weight_decay": ["-1", "Infinity", "false", "1e7"],
    "train.warmup_steps": ["-1", "1000000", "true", "2e9"],
    "train.grad_clip": ["0", "-1", "true"],
    "train.label_dropout": ["1", "-0.1", "true"],
    "train.seed": ["-1", "9223372036854775808", "true"],
    "train.schedule": ["linear", "1"],
    "train.cooldown": ["0", "1", "0.5"],
    "train.precision": ["fp16"],
    "train.emas": ['[{"kind": "none", "length": 0}, {"kind": "none", "length": 0}]', "[1]"],
    "train.log_every": ["0", "true"],
    "train.checkpoint_every": ["0", "2e9"],
    "evaluate.checkpoints": ["0", "1e9", "true"],
    "evaluate.every": ["0", "-1", "true", "0.5"],
    "evaluate.ema.kind": ["nonsense", "none"],
    "evaluate.ema.length": ["0", "0.3", "1", "true"],
    "evaluate.protocol.samples": ["1", "1e9", "true"],
    "evaluate.protocol.sampling_steps": ["0", "1e9"],
    "evaluate.protocol.guidance": ["-1", "NaN", "Infinity"],
    "evaluate.protocol.guidance_interval": ["[0.5, 0.5]", "[-1, 1]", "[true, 1]", "[0.1]"],
    "evaluate.protocol.metrics": ['["fid", "fid"]', '["fad"]', "fad"],
    "evaluate.protocol.references": ["[]", '["test"]', '["train", "train"]'],
    "evaluate.protocol.reference_images": ["1", "true"],
    "evaluate.protocol.decoder": ['""', '"a\\nb"'],
    "evaluate.protocol.eta": ["0.5", "2"],
    "model.input_size": ["0", "1000003", "15485863", "true"],
    "model.depth": ["0", "1e6", "true"],
    "model.width": ["0", "6", "1e9"],
    "model.heads": ["3", "0"],
    "model.patch": ["3", "0"],
    "model.mlp_ratio": ["0", "1e-9", "1e9"],
    "model.num_classes": ["0", "1e9"],
    "data.source": ["imagenet", "folder", "latents"],
    "data.size": ["0", "1e9", "8"],
    "data.name": ['""', "toy"],
    "data.flip": ["true", "perhaps"],
    "diffusion.timesteps": ["0", "1e9", "100000"],
    "diffusion.beta_start": ["0", "1", "0.5"],
    "diffusion.beta_end": ["0", "1", "0.99"],
    "diffusion.logit_std": ["0", "1.5"],
    "seeds": ["0", "1000000000", "true", "null", "1.5", "[1]"],
    "scale": ["nowhere", "3", "[1]", "null"],
}


@pytest.mark.parametrize("field", REFUSED)
@pytest.mark.filterwarnings("error")
def test_what_a_field_cannot_be_is_refused_by_its_name(field):
    study = load_study("smoke")
    for text in REFUSED[field]:
        begun = time.perf_counter()
        with pytest.raises(ValueError) as error:
            study.with_settings(parse_settings([f"{field}={text}"]))
        told = str(error.value)
        assert "\n" not in told and len(told) < 2000, text
        assert field.rpartition(".")[2].split("_")[0] in told, told
        assert time.perf_counter() - begun < 5


def test_all_that_is_missing_or_unknown_is_told_at_once():
    study = load_study("smoke")
    with pytest.raises(ValueError, match=r"data\.name.*data\.size.*data\.vae"):
        study.with_settings({"data.source": "latents"})
    with pytest.raises(ValueError, match=r"'train.stepz'.*'model.widht'; nearest: model.width"):
        study.with_settings({"train.stepz": 1, "model.widht": 2})
    with pytest.raises(ValueError, match=r"model\.depth: .*train\.steps: .*train\.lr: "):
        study.with_settings({"train.steps": 0, "train.lr": 0, "model.depth": 0})


def test_two_answers_to_when_it_is_measured_are_refused():
    with pytest.raises(ValueError, match=r"every 100 steps and 3 checkpoints are two answers"):
        load_study("smoke").with_settings({"evaluate.every": 100, "evaluate.checkpoints": 3})


@pytest.mark.parametrize(
    "axes, says",
    [
        ({"train.lr": []}, "the axis 'train.lr' is empty"),
        ({"train.lr": [1e-3, 2e-3, 1e-3]}, "the axis 'train.lr' has the value 0.001 twice"),
        ({"size": [{"model.width": 8}, {"model.width": 8}]}, "'size' has the value .* twice"),
        ({"size": [{}]}, "an empty mapping"),
        ({"data.source": "digits"}, "the axis 'data.source' is 'digits', not a list"),
        ({"train.lr": 1e-3}, "the axis 'train.lr' is 0.001, not a list"),
        ({"train.seed": range(10**9)}, "the axis 'train.seed' has .* more than"),
        ({f"train.{a}": range(1, 1001) for a in ("seed", "steps", "batch")}, "1000000000 trials"),
        ({"a": [{"train.lr": 1}], "train.lr": [2]}, "the axes 'a' and 'train.lr' both set"),
    ],
)
def test_axes_that_make_no_grid_are_refused_by_name(tiny, axes, says):
    begun = time.perf_counter()
    with pytest.raises(ValueError, match=says):
        grid(tiny, axes)
    assert time.perf_counter() - begun < 5


def test_a_study_has_no_more_trials_than_can_be_priced(tiny):
    with pytest.raises(ValueError, match="more than"):
        Study(name="x", question="?", expectation="!", trials=(tiny, tiny), seeds=MOST_TRIALS - 1)
