"""Does a stream with a seed of its own draw as under that seed, and all others as before?"""

import pytest
import torch

from scaling.study import Study
from scaling.study.grid import with_seeds
from scaling.study.settings import with_settings
from scaling.training import Trainer

STREAMS = ("init", "order", "noise")


def trained(spec, steps: int = 3):
    """The initial weights, the first batch and the weights after ``steps``."""
    trainer = Trainer(spec, [spec.evaluate.ema])
    begins = [p.detach().clone() for p in trainer.params]
    first = trainer.loader.step(0)[0]
    trainer.train_to(steps, lambda line: None)
    return begins, first, [p.detach().clone() for p in trainer.params]


def equal(a, b) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def seeded(tiny, seed: int = 0, **seeds):
    return with_settings(
        tiny, {"train.seed": seed} | {f"train.seeds.{name}": value for name, value in seeds.items()}
    )


def test_each_stream_follows_its_own_seed_and_the_others_the_one_seed(tiny):
    zero, one = trained(seeded(tiny, 0)), trained(seeded(tiny, 1))
    init, order, noise = (trained(seeded(tiny, 0, **{name: 1})) for name in STREAMS)
    assert equal(init[0], one[0]) and torch.equal(init[1], zero[1])
    assert equal(order[0], zero[0]) and torch.equal(order[1], one[1])
    assert equal(noise[0], zero[0]) and torch.equal(noise[1], zero[1])
    assert not any(equal(other[2], zero[2]) for other in (init, order, noise))


def test_all_streams_at_a_seed_are_that_seed(tiny):
    assert equal(
        trained(seeded(tiny, 7, **dict.fromkeys(STREAMS, 1)))[2], trained(seeded(tiny, 1))[2]
    )


def test_without_seeds_of_their_own_a_training_keeps_its_identity(tiny):
    assert "seeds" not in tiny.train.identity_fields()
    ids = {seeded(tiny, 0, **{name: 1}).train_id for name in STREAMS}
    assert len(ids | {tiny.train_id}) == 4


def test_seeds_that_no_stream_follows_are_refused(tiny):
    fixed = seeded(tiny, 0, init=0, order=0, noise=0)
    told = "2 seeds of .* would all be one training: train.seeds fixes init, order and noise"
    with pytest.raises(ValueError, match=told):
        with_seeds([fixed], 2)
    study = Study(name="a", question="b", expectation="c", trials=(fixed,), seeds=1)
    with pytest.raises(ValueError, match="leave one of them null"):
        _ = study.with_settings({"seeds": 2}).all_trials
    assert len(with_seeds([seeded(tiny, 0, init=0, order=0)], 2)) == 2
