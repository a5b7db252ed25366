"""Do the digits move as they should, whole and inside the frame, and are held-out ones unseen?"""

import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.data.digits import load as still_digits
from scaling.data.images import DataSet


def clips(**fields) -> DataSet:
    return load_data(DataSpec(**{"source": "moving-digits", "size": 12, "frames": 20} | fields))


def digits_in(images: torch.Tensor) -> set[bytes]:
    return {image.numpy().tobytes() for image in images}


def test_each_frame_holds_the_whole_digit_one_pixel_from_where_it_was():
    data = clips(width=15).train
    rows = torch.arange(0, len(data), 97)
    batch, places = data.batch(rows), data.places(rows)
    assert batch.shape == (len(rows), 1, 20, 12, 15) and batch.dtype == torch.float32
    assert data.labels.shape == (2 * 1433,) and data.shape == batch.shape[1:]
    still = data.images[rows % len(data.images)]
    for clip, corners, digit in zip(batch[:, 0], places, still):
        for frame, (top, left) in zip(clip, corners.tolist()):
            assert torch.equal(frame[top : top + 8, left : left + 8], digit)
        assert (clip + 1).sum((1, 2)).allclose((digit + 1).sum())  # nothing but the digit
    steps = places.diff(dim=1).abs()
    assert steps.max() == 1 and (steps.sum((1, 2)) > 0).all()  # none stands still
    assert places.amin((0, 1)).tolist() == [0, 0] and places.amax((0, 1)).tolist() == [4, 7]
    turned = places.diff(dim=1).diff(dim=1).abs().amax((1, 2))
    assert (turned > 0).all()  # 20 frames are longer than the way from edge to edge


def test_held_out_digits_are_in_no_training_clip():
    data, still = clips(), still_digits()
    train, heldout = (digits_in(data.subset(name).images) for name in ("train", "heldout"))
    assert heldout - train == digits_in(still.heldout.images[:, 0]) - train
    assert len(train & heldout) == len(
        digits_in(still.train.images[:, 0]) & digits_in(still.heldout.images[:, 0])
    )
    assert len(data.heldout) == 2 * 364 and torch.equal(
        data.heldout.labels[:364], still.heldout.labels
    )


def test_more_frames_begin_alike_and_one_frame_is_an_image():
    long, short, one = clips(), clips(frames=3), clips(frames=1)
    rows = torch.tensor([5, 2000])
    assert torch.equal(long.train.batch(rows)[:, :, :3], short.train.batch(rows))
    assert one.train.shape == (1, 12, 12)
    assert torch.equal(one.train.batch(rows), short.train.batch(rows)[:, :, 0])
    assert len({long.content, short.content, one.content}) == 3


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"frames": None}, "source 'moving-digits' needs a frames; set data.frames"),
        ({"size": 8}, "a frame of 8 leaves them no room to move; set data.size and data.width to"),
        ({"width": 8}, "a frame of 8 leaves them no room"),
        ({"flip": True}, "a flipped digit is no digit"),
        ({"frames": 0}, "greater than 0"),
        ({"source": "digits", "size": None}, "source 'digits' has no frames, got 20; leave"),
    ],
)
def test_what_cannot_be_is_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        clips(**fields)
