"""Do micro-batches leave the result alone, and is one that does not fit into memory halved?"""

import pytest
import torch

from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.training import Trainer
from tests.training.carrying import Carries
from tests.training.test_loop import losses


@pytest.mark.parametrize("size", [1, 5, 8, 100])
def test_micro_batches_change_the_result_by_rounding_alone(tiny, size):
    spec = with_settings(tiny, {"train.log_every": 1})
    _, whole = losses(spec)
    _, parts = losses(spec, Execution(micro_batch=size))
    assert parts == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize(
    "execution, at_once",
    [
        ({}, 16),
        ({"workers": 4, "min_workers": 1}, 4),  # fewer take more passes, and no more memory
        ({"workers": 3, "min_workers": 1}, 6),
        ({"workers": 4, "micro_batch": 5}, 5),
        ({"micro_batch": 99}, 16),
    ],
)
def test_one_worker_of_several_that_are_wanted_computes_as_many_images_at_once(
    tiny, execution, at_once
):
    assert Trainer(tiny, [], execution=Execution(**execution)).micro_batch == at_once


def test_out_of_memory_halves_the_micro_batch_and_the_record_says_so(tmp_path, tiny, monkeypatch):
    """A device that holds 5 images at once: 16, then 8, then 4, in the middle of a step's gradients
    too.
    """
    forward = torch.nn.Module.__call__

    def crowded(self, *args):
        if type(self).__name__ == "DiT" and self.training and len(args[0]) > 5:
            raise torch.OutOfMemoryError("out of memory")
        return forward(self, *args)

    spec = with_settings(tiny, {"train.log_every": 1})
    _, expected = losses(spec)
    monkeypatch.setattr(torch.nn.Module, "__call__", crowded)
    run = Run(tmp_path)
    assert run_trials([spec], run, lambda progress: None) == "completed"
    assert [line["loss"] for line in run.curve()] == pytest.approx(expected, rel=1e-5)
    (session,) = run.record()["sessions"]
    assert session["out_of_memory"] == [
        {"step": 1, "micro_batch": 16, "went_on_with": 8},
        {"step": 1, "micro_batch": 8, "went_on_with": 4},
    ]


def test_one_image_that_does_not_fit_is_an_error(tiny, monkeypatch):
    def full(*args):
        raise torch.OutOfMemoryError("out of memory")

    trainer = Trainer(tiny, [])
    monkeypatch.setattr(trainer.process, "q_sample", full)
    with pytest.raises(torch.OutOfMemoryError):
        trainer.train_to(1, lambda line: None)


def test_a_batch_that_a_network_must_see_whole_is_not_halved(tiny, monkeypatch):
    whole = with_settings(
        tiny, {"model": Carries(input_size=8, channels=1, num_classes=10, regular=True)}
    )
    trainer = Trainer(whole, [])

    def full(*args):
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(trainer, "network", full)
    with pytest.raises(torch.OutOfMemoryError):
        trainer.train_to(1, lambda line: None)
    assert trainer.micro_batch == 16 and trainer.out_of_memory == []
