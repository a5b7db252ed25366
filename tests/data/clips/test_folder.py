"""Are clips read frame by frame, from folders of images and from video files, or refused?"""

import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, check_data, check_fits, load_data
from scaling.study import ModelSpec
from tests.data.test_profiles import P3, SRGB, profile


def pictures(count: int, height: int = 12, width: int = 16, seed: int = 0) -> np.ndarray:
    """Frames (count, H, W, 3) of one colour each, which a lossy codec keeps nearly."""
    colours = np.random.default_rng(seed).integers(40, 216, (count, 1, 1, 3))
    return np.broadcast_to(colours, (count, height, width, 3)).astype(np.uint8)


def write_frames(folder: Path, frames: np.ndarray) -> None:
    folder.mkdir(parents=True)
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{i:04d}.png")


def write_video(path: Path, frames: np.ndarray, codec: str = "ffv1") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as video:
        stream = video.add_stream(codec, rate=10)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        for frame in frames:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        video.mux(stream.encode())


def spec(folder: Path, **fields) -> DataSpec:
    given = {"source": "clips", "name": "toy", "path": str(folder), "size": 12, "width": 16}
    return DataSpec(**given | {"frames": 3} | fields)


@pytest.fixture
def folder(tmp_path):
    """Two classes: frames of 7 and 3 pictures, and videos of 6 and 3, one of them lossy."""
    write_frames(tmp_path / "a" / "one", pictures(7))
    write_frames(tmp_path / "a" / "two", pictures(3, seed=1))
    write_video(tmp_path / "b" / "three.mkv", pictures(6, seed=2))
    write_video(tmp_path / "b" / "four.mp4", pictures(3, seed=3), "mpeg4")
    (tmp_path / "notes.txt").write_text("no clip")
    return tmp_path


def test_clips_become_pieces_of_consecutive_frames(folder):
    data = load_data(spec(folder))
    assert data.classes == ("a", "b") and data.num_classes == 2
    of = {
        (clip.path, start): (data.subset(split), row)
        for split in ("train", "heldout")
        for row, (clip, start, _) in enumerate(data.subset(split).pieces)
    }
    assert {path for path, _ in of} == {"a/one", "a/two", "b/three.mkv", "b/four.mp4"}
    assert {start for path, start in of if path == "a/one"} == {0, 3}  # the seventh is left over
    for path, start, frames, off in (
        ("a/one", 3, pictures(7)[3:6], 0),
        ("b/three.mkv", 3, pictures(6, seed=2)[3:6], 0),
        ("b/four.mp4", 0, pictures(3, seed=3), 12),
    ):
        images, row = of[path, start]
        read = images.read(torch.tensor([row]), torch.tensor([False]))
        assert read.shape == (1, 3, 3, 12, 16) and read.dtype == torch.uint8
        true = torch.from_numpy(frames).permute(3, 0, 1, 2)[None].int()
        assert (read.int() - true).abs().max() <= off
    assert len(data.heldout) and not {c for c, _, _ in data.train.pieces} & {
        c for c, _, _ in data.heldout.pieces
    }
    assert "4 clips" in str(check_data(spec(folder)))
    model = dict(channels=3, patch=4, width=16, depth=1, heads=2, num_classes=2, input_size=12)
    check_fits(ModelSpec(**model, frames=3, input_width=16), spec(folder))


def test_a_mirrored_piece_is_mirrored_in_each_frame(tmp_path):
    ramp = np.arange(4 * 12 * 16 * 3, dtype=np.uint8).reshape(4, 12, 16, 3)
    for split in ("train", "val"):
        write_frames(tmp_path / split / "a" / "clip", ramp)
        write_frames(tmp_path / split / "b" / "clip", ramp)
    data = load_data(spec(tmp_path, frames=4, flip=True))
    assert data.train.flip and not data.heldout.flip and len(data.train) == len(data.heldout) == 2
    plain, mirrored = data.train.read(torch.tensor([0, 0]), torch.tensor([False, True]))
    assert torch.equal(mirrored, plain.flip(-1)) and not torch.equal(mirrored, plain)
    assert torch.equal(plain, torch.from_numpy(ramp).permute(3, 0, 1, 2))


def test_clips_that_are_too_short_or_too_small_are_named_with_their_numbers(folder):
    with pytest.raises(
        ValueError,
        match=r"2 of 4 clips of .* have fewer than the 4 frames asked for, such as a/two with 3; "
        r"ask for 3 or fewer \(data.frames, or --frames of encode\), or remove them",
    ):
        load_data(spec(folder, frames=4))
    with pytest.raises(ValueError, match=r"12 of 12 files .*smaller than the crop of 17x12 pixels"):
        check_data(spec(folder, width=17))
    with pytest.raises(
        ValueError, match=r"takes clips of 3 frames, but digits has images; set mod"
    ):
        model = ModelSpec(
            input_size=8, channels=1, patch=4, width=16, depth=1, heads=2, num_classes=10, frames=3
        )
        check_fits(model, DataSpec())
    with pytest.raises(ValueError, match=r"takes images, but moving-digits has clips of 5 frames"):
        check_fits(model.replaced(frames=1), DataSpec(source="moving-digits", size=12, frames=5))


def test_frames_that_are_numbered_apart_are_said(tmp_path):
    for name in ("a/one", "a/two", "b/one", "b/two"):
        write_frames(tmp_path / name, pictures(4))
        for i in reversed(range(4) if name == "b/one" else ()):
            (tmp_path / name / f"{i:04d}.png").rename(tmp_path / name / f"{3 * i:04d}.png")
    told = load_data(spec(tmp_path, frames=2)).told
    assert told.endswith(
        "; the frames of 1 of 4 clips are numbered 3 apart, such as those of b/one 3, and are "
        "taken for frames that follow one another"
    )


def test_no_piece_spans_frames_that_lack_and_that_is_said(folder):
    (folder / "a" / "one" / "0003.png").unlink()
    data = load_data(spec(folder))
    pieces = [*data.train.pieces, *data.heldout.pieces]
    of_one = [(clip, start) for clip, start, _ in pieces if clip.path == "a/one"]
    assert [[f[-8:] for f in clip.frames[start : start + 3]] for clip, start in of_one] == [
        ["0000.png", "0001.png", "0002.png"],
        ["0004.png", "0005.png", "0006.png"],
    ]
    assert data.told.endswith("; a clip lacks frames and is cut there: a/one, which lacks 3")
    for frame in "0001.png", "0006.png":
        (folder / "a" / "one" / frame).unlink()  # 0, 2, 4 and 5 are left
    with pytest.raises(ValueError, match=r"1 of 4 clips .* than the 3 frames .*a/one with 2;"):
        load_data(spec(folder))


def test_frames_of_unlike_sizes_are_refused(folder):
    Image.fromarray(pictures(1, 24, 32)[0]).save(folder / "a" / "one" / "0003.png")
    with pytest.raises(ValueError, match=r"unlike sizes, .*one/0000.png \(16x12\) and .*\(32x24\)"):
        check_data(spec(folder))


def test_what_is_no_clip_is_named(folder):
    Image.fromarray(pictures(1)[0]).save(folder / "a" / "stray.png")
    with pytest.raises(ValueError, match=r"a/stray.png of .* is in no clip: a clip is a folder of"):
        load_data(spec(folder))
    (folder / "a" / "stray.png").unlink()
    (folder / "b" / "broken.mp4").write_bytes(b"no video at all")
    with pytest.raises(ValueError, match=r"broken.mp4 cannot be read as a video"):
        load_data(spec(folder))
    with pytest.raises(ValueError, match="no image folder at"):
        load_data(spec(folder / "missing"))
    (folder / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no clips: a clip is a folder"):
        load_data(spec(folder / "empty"))


@pytest.mark.parametrize("split", [True, False])
def test_clips_in_no_folder_of_a_class_are_a_set_without(tmp_path, split):
    for i, role in enumerate(("train/", "val/") if split else ("", "")):
        write_frames(tmp_path / f"{role}clip{i}", pictures(3))
        write_video(tmp_path / f"{role}clip{i + 2}.mkv", pictures(6))
    data = load_data(spec(tmp_path))
    assert (data.num_classes, data.classes) == (1, None) and "; without classes" in data.told
    assert [len(data.train), len(data.heldout)] in ([3, 3], [4, 2], [5, 1])
    assert data.train.batch(torch.tensor([0])).shape == (1, 3, 3, 12, 16)
    write_frames(tmp_path / f"{'train/' * split}class" / "clip", pictures(3))
    with pytest.raises(ValueError, match="is in no clip: a clip is a folder of its frames"):
        load_data(spec(tmp_path))


def test_an_animation_that_is_no_video_file_is_refused_with_the_way_on(folder):
    first, *rest = (Image.fromarray(frame) for frame in pictures(3))
    first.save(folder / "a" / "moves.webp", save_all=True, append_images=rest)
    with pytest.raises(ValueError, match=r"moves\.webp .* holds several frames: write it as .mp4"):
        load_data(spec(folder))
    (folder / "a" / "moves.webp").rename(folder / "a" / "two" / "0003.webp")
    with pytest.raises(ValueError, match=r"1 frames of clips .*two/0003\.webp; write it as"):
        check_data(spec(folder))


def test_a_gif_is_a_clip(folder):
    first, *rest = (Image.fromarray(frame) for frame in pictures(3))
    first.save(folder / "a" / "moves.gif", save_all=True, append_images=rest)
    data = load_data(spec(folder))
    paths = {clip.path for clip, _, _ in [*data.train.pieces, *data.heldout.pieces]}
    assert "a/moves.gif" in paths


def test_without_pyav_a_video_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    (folder / "b" / "unseen.mkv").write_bytes(b"")
    with pytest.raises(ValueError, match=r"which PyAV reads: pip install 'dit-scaling\[video\]'"):
        load_data(spec(folder))


def test_frames_are_in_the_order_of_their_numbers(tmp_path):
    frames = pictures(12)
    for name in ("a", "b"):
        for clip in ("one", "two"):
            (tmp_path / name / clip).mkdir(parents=True)
            for i, frame in enumerate(frames):
                Image.fromarray(frame).save(tmp_path / name / clip / f"frame{i}.png")
    clip, start, _ = load_data(spec(tmp_path, frames=12)).train.pieces[0]
    assert start == 0 and [path.rpartition("/")[2] for path in clip.frames] == [
        f"frame{i}.png" for i in range(12)
    ]


@pytest.mark.parametrize("primaries, told", [(P3, True), (SRGB, False)])
def test_colours_of_frames_are_told_as_those_of_images_are(tmp_path, primaries, told):
    icc = profile("wide", 2.2, primaries)
    (tmp_path / "a" / "one").mkdir(parents=True)
    for i, frame in enumerate(pictures(6)):
        Image.fromarray(frame).save(tmp_path / "a" / "one" / f"{i}.png", icc_profile=icc)
    write_video(tmp_path / "a" / "two.mkv", pictures(6, seed=1))
    said = load_data(spec(tmp_path)).told
    other = "; of the frames, 6 of 6 images have colours of another space than sRGB (wide 6)"
    assert (other in said) is told
