"""Are clips measured over their frames and as wholes, with errors that count clips, not frames?"""

import pytest
import torch

from scaling.data import DataSpec, load_data, to_uint8
from scaling.evaluation.features.passes import features_of
from scaling.evaluation.images.real_images import data_images
from scaling.evaluation.metrics.check import check_metrics
from scaling.evaluation.metrics.clips import seen, span_fault, stacked
from scaling.evaluation.metrics.collect import Need, collect
from scaling.evaluation.metrics.frechet import Moments, frechet_distance, frechet_error
from scaling.evaluation.metrics.measure import measure
from scaling.study import Protocol

DATA = DataSpec(source="moving-digits", size=9, frames=2)
LAYER = "64"
MANY = dict(samples=300, features="digits-cnn", references=("train",), reference_images=500)


def clips(count: int, data: DataSpec = DATA) -> torch.Tensor:
    """uint8 (count, 1, F, H, W), every fifth of the training clips."""
    train = load_data(data).train
    return to_uint8(train.batch(torch.arange(0, len(train), 5)[:count]))


@pytest.fixture(scope="module")
def measured():
    """Real clips, the same in another order of time, and clips of two halves that do not belong."""
    real = clips(300)
    mixed = torch.cat((real[:, :, :1], real.roll(1, 0)[:, :, 1:]), dim=2)
    protocol = Protocol(**MANY, metrics=("fid", "clip_fd", "fid_infinity"))
    return {
        name: {(r["metric"], r["reference"]): r for r in measure(x, DATA, protocol)["figures"]}
        for name, x in (("real", real), ("mixed", mixed))
    }


def test_frames_of_a_clip_are_rows_and_stacked_ones_one_row_in_order():
    x = clips(5)
    frames = features_of(x.transpose(1, 2).flatten(0, 1), "digits-cnn", (LAYER,))[LAYER]
    both = seen(x, "digits-cnn", (LAYER, stacked(LAYER)))
    assert torch.equal(both[LAYER], frames)
    assert torch.equal(both[stacked(LAYER)], frames.view(5, 2 * 64))
    kept = collect(x.split(2), 5, "digits-cnn", {LAYER: Need(True, rows=7), stacked(LAYER): Need()})
    assert kept[LAYER].per == 2 and kept[LAYER].gaussian.count == 10
    rows = kept[LAYER].rows  # whole clips, three of the five
    assert rows.shape == (6, 64) and kept[stacked(LAYER)].per == 1
    assert all(any(torch.equal(r, p) for p in frames.view(5, 2, 64)) for r in rows.view(3, 2, 64))


def test_fid_over_frames_is_that_of_the_frames_as_images(measured):
    ours, real = Moments(64), Moments(64)
    train = data_images(DATA, "train")
    for moments, x in ((ours, clips(300)), (real, train.read(train.first(500)))):
        moments.add(seen(x, "digits-cnn", (LAYER,))[LAYER])
    row = measured["real"]["fid", "train"]
    assert row["value"] == pytest.approx(frechet_distance(ours.gaussian, real.gaussian), rel=1e-6)
    assert (row["samples"], row["reference_images"]) == (300, 500) and row["noise"] > row["value"]
    assert row["label"] == "frame FID-300, ddpm50, cfg 1.0, digits-cnn, vs train (500)"
    assert measured["real"]["clip_fd", "train"]["label"].startswith("clip FD-300, ddpm50")


def test_only_the_clips_distance_tells_that_frames_do_not_belong_together(measured):
    fid, clip = (
        {kind: measured[kind][metric, "train"]["value"] for kind in measured}
        for metric in ("fid", "clip_fd")
    )
    assert fid["mixed"] == pytest.approx(fid["real"], rel=1e-6)  # the same frames
    assert clip["mixed"] > 1.5 * clip["real"]
    for kind in measured:
        row = measured[kind]["clip_fd", "train"]
        assert row["se"] > 0 and row["why"] is None and row["warning"] is None


def test_an_error_counts_clips_however_many_frames_each_shows_again():
    g = torch.Generator().manual_seed(0)
    few, real = torch.randn(200, 4, generator=g), torch.randn(900, 4, generator=g)
    again = few.repeat_interleave(6, 0)
    once, times, reference = Moments(4), Moments(4), Moments(4)
    once.add(few), times.add(again), reference.add(real)
    error = frechet_error(few, once.gaussian, reference.gaussian)
    assert frechet_error(again, times.gaussian, reference.gaussian, per=6) == pytest.approx(
        error, rel=0.02
    )
    assert frechet_error(again, times.gaussian, reference.gaussian) < error / 2  # as if 1,200


@pytest.mark.parametrize(
    ("data", "fields", "told"),
    [
        (
            DATA,
            {"samples": 128, "metrics": ("clip_fd",)},
            r"clip_fd stacks 2 frames x 64 features = 128, which 128 samples do not span; it needs "
            "129 or more of each",
        ),
        (DATA, {"metrics": ("precision",)}, "precision is of single images, and the data 'moving-"),
        (
            DataSpec(),
            {"metrics": ("clip_fd",)},
            "clip_fd is of clips, and the data 'digits' are im",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused_before_training(data, fields, told):
    with pytest.raises(ValueError, match=told):
        check_metrics(data, Protocol(**{**MANY, **fields}))


def test_too_few_clips_have_no_value_but_a_reason():
    rows = measure(clips(100), DATA, Protocol(**MANY, metrics=("clip_fd",)))["figures"]
    assert all(row["value"] is None and "100 samples do not span" in row["why"] for row in rows)
    assert span_fault(2, 64, 129, 129) is None and "128 reference" in span_fault(2, 64, 999, 128)
