"""Are clips encoded frame by frame, read, learned, decoded and measured as images are?"""

import numpy as np
import pytest
import torch

from scaling.cli import main
from scaling.data import DataSpec, check_data, load_data
from scaling.data.clips.pieces import piece_named
from scaling.data.images import from_uint8
from scaling.data.latents.decoders import check_decoder
from scaling.data.latents.store import read_images, read_store
from scaling.data.latents.vae import load_vae
from scaling.evaluation.images.originals import originals
from scaling.evaluation.sampling import samples
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study import Protocol
from scaling.study.debug import debug
from scaling.study.settings import with_settings
from tests.data.clips.test_folder import pictures, write_frames, write_video
from tests.data.latents import tiny_autoencoders as tiny_vaes
from tests.launch.test_encode import encode_in_this_process

torch.set_num_threads(1)
FRAMES, HIGH, WIDE = 3, 8, 12
SCALED = {"latents_mean": [0.5, -0.5], "latents_std": [2.0, 3.0]}


def command(work, out: str, *more) -> list[str]:
    words = ["encode", "--images", work / "clips", "--vae", work / "vae", "--out", work / out]
    words += ["--size", HIGH, "--width", WIDE, "--frames", FRAMES, "--shard-images", 2, *more]
    return list(map(str, words))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Pieces of two classes, of frames and of videos, the VAE, and the store made of them."""
    work = tmp_path_factory.mktemp("clips")
    for split, length in (("train", 7), ("val", 3)):
        write_frames(work / "clips" / split / "a" / "one", pictures(length))
        write_video(work / "clips" / split / "b" / "two.mkv", pictures(length, seed=2))
    tiny_vaes.write(work / "vae", "AutoencoderKL", 4, 2, **SCALED)
    with pytest.MonkeyPatch.context() as monkeypatch:
        encode_in_this_process(monkeypatch)
        with pytest.raises(SystemExit) as stop:
            main(command(work, "store"))
    assert stop.value.code == 0
    return work


@pytest.fixture
def spec(work):
    return DataSpec(
        **{"source": "latents", "name": "toy", "path": str(work / "store"), "vae": "vae"},
        **{"size": HIGH, "width": WIDE, "frames": FRAMES, "flip": True},
    )


def test_a_store_holds_the_latents_of_every_frame_of_every_piece(work, spec):
    store, vae = read_store(work / "store"), load_vae(str(work / "vae"))
    assert (store["shape"], store["frames"], store["width"]) == ([2, FRAMES, 2, 3], FRAMES, WIDE)
    rows = read_images(work / "store", "train", len(store["shards"]["train"]))
    names = [f"train/{clip}#{start}" for clip in ("a/one", "b/two.mkv") for start in (0, 3)]
    assert [row["path"] for row in rows] == names and store["classes"] == ["a", "b"]
    assert check_data(spec) is None
    train = load_data(spec).train
    assert train.labels.tolist() == [0, 0, 1, 1] and train.shape == (2, FRAMES, 2, 3)
    for mirrored in (False, True):
        moments = train.read(torch.arange(4), torch.full((4,), mirrored))
        for row, stored in zip(rows, moments.float()):
            piece = piece_named(work / "clips", row["path"], FRAMES)
            frames = torch.from_numpy(piece.read(work / "clips", HIGH, WIDE)).transpose(0, 1)
            frames = frames.flip(-1) if mirrored else frames
            drawn = vae.encode(from_uint8(frames)).latent_dist  # (F, C, h, w)
            for ours, theirs in zip(stored, (drawn.mean, drawn.std)):
                torch.testing.assert_close(ours.transpose(0, 1), theirs, atol=2e-3, rtol=2e-3)
    mean, std = train.read(torch.arange(4), torch.zeros(4, dtype=torch.bool)).float().unbind(1)
    drawn = mean + std * train.noise((0, 0), 4, torch.arange(4))
    unscaled = DataSpec(**{**spec.model_dump(), "flip": False})
    seen = load_data(unscaled).train.batch(torch.arange(4), key=(0, 0))
    factor = vae.config.scaling_factor
    for c, (shift, by) in enumerate(zip(SCALED["latents_mean"], SCALED["latents_std"])):
        torch.testing.assert_close(seen[:, c], (drawn[:, c] - shift) / by * factor)


def test_the_originals_are_the_frames_that_were_encoded_and_are_refused_once_they_change(
    work, spec
):
    real = originals(spec, "train")
    assert (real.count, real.frames) == (4, FRAMES)
    piece = piece_named(work / "clips", "train/b/two.mkv#3", FRAMES)
    read = real.read(torch.tensor([0, 3]))
    assert np.array_equal(read[1].numpy(), piece.read(work / "clips", HIGH, WIDE))
    frames = [work / "clips" / "train" / "a" / "one" / f"000{i}.png" for i in range(2)]
    before = [frame.read_bytes() for frame in frames]
    try:
        frames[1].write_bytes(before[0])
        with pytest.raises(ValueError, match="a/one#0 has not the frames that were encoded"):
            real.read(torch.tensor([0]))
        for frame in frames:
            frame.unlink()
        with pytest.raises(ValueError, match=r"a/one has 5 frames, and had 3 \+ 3"):
            real.read(torch.tensor([1]))
    finally:
        for frame, data in zip(frames, before):
            frame.write_bytes(data)


@pytest.fixture
def trial(tiny, work, spec):
    return with_settings(
        tiny,
        {
            **{"model.frames": FRAMES, "model.patch_t": 3, "model.patch": 1},
            **{"model.input_size": 2, "model.input_width": 3, "model.channels": 2},
            **{"model.num_classes": 2, "model.positions": "sincos+rope"},
            **{f"data.{name}": value for name, value in spec.model_dump().items()},
            **{"train.steps": 2, "train.checkpoint_every": 2, "train.heldout_every": 2},
            **{"train.batch": 4, "evaluate.checkpoints": 1, "evaluate.protocol.samples": 4},
            "evaluate.protocol.decoder": str(work / "vae"),
            "evaluate.protocol.references": ("train",),
            "evaluate.protocol.features": "digits-cnn",
        },
    )


def test_a_trial_on_latents_of_clips_is_measured_over_decoded_frames(tmp_path, trial):
    run = Run(tmp_path / "run")
    assert run_trials([trial], run, lambda progress: None) == "completed"
    told = run.evaluation(trial.eval_id(2))
    figures = {row["metric"]: row for row in told["figures"]}
    assert figures["fid"]["label"].startswith("frame FID-4") and figures["fid"]["value"] > 0
    assert figures["rfid"]["label"].startswith("frame rFID") and figures["rfid"]["value"] >= 0
    assert (told["tokenizer"]["factor"], told["tokenizer"]["channels"]) == (4, 2)
    shown = run.samples(trial.eval_id(2))["images"]
    assert shown.shape == (4, 3, FRAMES, HIGH, WIDE)
    protocol = Protocol(samples=2, sampling_steps=2, decoder=trial.evaluate.protocol.decoder)
    loaded, out = load_checkpoint(tmp_path / "run"), tmp_path / "clips.npy"
    parts = samples.open_partial(loaded, protocol, out, {"checkpoint": "this"})
    samples.draw_part(loaded, protocol, parts.folder, parts.ranges[0])
    samples.finish(parts, out)
    assert np.load(out).shape == (2, FRAMES, HIGH, WIDE, 3)


def test_the_debug_twin_keeps_latents_clips_and_their_shape(trial):
    small = debug(trial)
    assert small.data.source == "synthetic" and small.model.input_shape == (4, FRAMES, 2, 3)
    assert load_data(small.data).train.shape == (4, FRAMES, 2, 3)
    check_decoder(small.data, "synthetic")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (("--frames", 1), "--frames 1 is an image"),
        (("--frames", 4), "fewer than the 4 frames asked for"),
        (("--frames", 0), "--frames 0 must be 1 to"),
        (("--width", 10), "width 10 is not a multiple of 4"),
        (("--width", 0), "--width 0 must be 1 to"),
        (("--upscale",), "--upscale is of images"),
        (("--heldout-labels", "/x.csv"), "--heldout-labels is of images"),
        (("--size", 16), "smaller than the crop of 12x16 pixels"),
        (("--images", "/nowhere"), "no image folder at /nowhere"),
        (("--vae", "none", "--size", 8000, "--width", 9000), "smaller than the crop"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_encoded(work, capsys, more, says):
    refused(command(work, "other", *more), capsys, says)
    assert not (work / "other").exists()


def refused(words, capsys, says):
    with pytest.raises(SystemExit) as stop:
        main(words)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and len(error.strip().splitlines()) == 1 and says in error, error


def test_width_without_frames_and_another_length_are_refused(work, capsys):
    words = command(work, "other")
    del words[words.index("--frames") : words.index("--frames") + 2]
    refused(words, capsys, "--width 12 is of clips; give --frames too")
    refused(command(work, "store", "--frames", "2", "--resume"), capsys, "was begun otherwise")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"frames": None}, "has frames 3, the spec says 1; set data.frames to 3"),
        ({"frames": 2}, "has frames 3, the spec says 2"),
        ({"width": None}, "has width 12, the spec says 8; set data.width to 12"),
    ],
)
def test_a_spec_of_other_clips_than_the_stores_is_refused(spec, fields, says):
    with pytest.raises(ValueError, match=says):
        load_data(DataSpec(**{**spec.model_dump(), **fields}))
