"""Does a checkpoint come with its process, its spec and the average that is asked for?"""

import pytest
import torch

from scaling.evaluation.sampling.load import digest, load_checkpoint
from scaling.launch.trials.trial import train
from scaling.records import Run


@pytest.fixture
def run(tmp_path, tiny):
    train([tiny], Run(tmp_path / "run"), lambda progress: None)
    return tmp_path / "run"


def test_the_model_comes_with_its_process_and_its_average(run, tiny):
    loaded = load_checkpoint(run / "checkpoints" / "step-00000006")
    assert (loaded.spec, loaded.diffusion, loaded.label_dropout) == (
        tiny.model,
        tiny.diffusion,
        0.1,
    )
    raw = load_checkpoint(run, average="weights").model.state_dict()
    assert any(
        not torch.equal(raw[name], value)
        for name, value in load_checkpoint(run).model.state_dict().items()
    )
    with pytest.raises(ValueError, match="holds no average 'ema-decay-0"):
        load_checkpoint(run, average="ema-decay-0.9")


def test_a_digest_tells_weights_apart(run):
    loaded, again = load_checkpoint(run), load_checkpoint(run)
    assert digest(loaded.model) == digest(again.model)
    assert digest(loaded.model) != digest(load_checkpoint(run, average="weights").model)
