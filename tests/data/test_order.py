"""Is the order of images, and all randomness, a pure function of its key?"""

import torch

from scaling.data import batch_indices, stream


def test_every_epoch_shows_every_image_once_whatever_the_batch():
    for batch in (7, 64, 100):
        rows = torch.cat(
            [batch_indices(100, batch, seed=3, step=s) for s in range(2 * 700 // batch)]
        )
        for epoch in rows[: len(rows) // 100 * 100].view(-1, 100):
            assert torch.equal(epoch.sort().values, torch.arange(100))


def test_the_order_does_not_depend_on_the_batch_and_does_on_the_seed():
    first = torch.cat([batch_indices(50, 10, seed=1, step=s) for s in range(10)])
    assert torch.equal(first, batch_indices(50, 100, seed=1, step=0))
    assert not torch.equal(first, batch_indices(50, 100, seed=2, step=0))


def test_a_stream_depends_on_its_key_alone():
    a = torch.randn(5, generator=stream("noise", 0, 7))
    torch.randn(3)
    assert torch.equal(a, torch.randn(5, generator=stream("noise", 0, 7)))
    assert not torch.equal(a, torch.randn(5, generator=stream("noise", 7, 0)))
