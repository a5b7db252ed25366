"""Is a network that sees the whole batch told from one that sees an image at a time?"""

import pytest
from torch import nn

from scaling.models.shared_batches import check_shared, over_the_batch
from tests.study.families.tiny import TINY
from tests.training.carrying import Carries

WHOLE = Carries(input_size=8, channels=1, num_classes=10, regular=True)


@pytest.mark.parametrize(
    ("norm", "name"),
    [(nn.BatchNorm1d(2), "1"), (nn.BatchNorm3d(2), "1"), (nn.SyncBatchNorm(2), "1")],
)
def test_what_normalises_over_the_batch_is_named(norm, name):
    assert over_the_batch(nn.Sequential(nn.Identity(), norm)) == name


@pytest.mark.parametrize("norm", [nn.GroupNorm(1, 2), nn.LayerNorm(2), nn.InstanceNorm2d(2)])
def test_what_normalises_an_image_by_itself_is_none(norm):
    assert over_the_batch(nn.Sequential(norm)) is None


def test_a_whole_batch_is_taken_by_any_network():
    check_shared(WHOLE, workers=1, micro_batch=None)


@pytest.mark.parametrize(
    ("parts", "option"), [((2, None), "--workers-per-trial 2"), ((1, 4), "--micro-batch 4")]
)
def test_parts_of_it_are_refused_by_the_option_that_asks(parts, option):
    check_shared(TINY["dit"], *parts)
    with pytest.raises(ValueError, match=rf"{option}: .* normalises over the batch \(norm\)"):
        check_shared(WHOLE, *parts)
