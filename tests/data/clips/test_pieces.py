"""Are pieces of clips cut without a jump, named, and found again by their names?"""

import numpy as np
import pytest

from scaling.data.clips.layout import Clip
from scaling.data.clips.pieces import Piece, clip_of, piece_named, pieces_of
from tests.data.clips.test_folder import pictures, write_frames, write_video


def folder_clip(tmp_path, numbers) -> Clip:
    return Clip("a/one", tuple(f"a/one/{number:04d}.png" for number in numbers))


def test_a_clip_is_cut_into_whole_pieces_of_frames_that_follow_one_another(tmp_path):
    starts = [piece.start for piece in pieces_of(tmp_path, folder_clip(tmp_path, range(8)), 3)]
    assert starts == [0, 3]
    gap = folder_clip(tmp_path, [0, 1, 2, 3, 5, 6, 7, 8, 9])  # 4 lacks
    assert [piece.start for piece in pieces_of(tmp_path, gap, 3)] == [0, 4]


def test_a_piece_is_its_frames_and_is_found_again_by_its_name(tmp_path):
    images = pictures(7, height=8, width=8)
    write_frames(tmp_path / "a" / "one", images)
    piece = pieces_of(tmp_path, folder_clip(tmp_path, range(7)), 3)[1]
    assert piece.name == "a/one#3" and clip_of(piece.name) == "a/one"
    assert (piece.read(tmp_path, 8, 8) == images[3:6].transpose(3, 0, 1, 2)).all()
    assert piece_named(tmp_path, piece.name, 3) == piece


def test_a_piece_of_a_video_is_read_from_its_frame_on(tmp_path):
    images = pictures(6, height=8, width=8)
    write_video(tmp_path / "b.mkv", images)
    piece = piece_named(tmp_path, "b.mkv#2", 3)
    assert piece == Piece(Clip("b.mkv", ()), 2, 3) and piece.files == ("b.mkv",)
    assert (piece.read(tmp_path, 8, 8) == images[2:5].transpose(3, 0, 1, 2)).all()


def test_its_digest_is_of_its_own_frames(tmp_path):
    write_frames(tmp_path / "a" / "one", pictures(6, height=8, width=8))
    first, second = pieces_of(tmp_path, folder_clip(tmp_path, range(6)), 3)
    before = first.sha256(tmp_path), second.sha256(tmp_path)
    (tmp_path / "a/one/0004.png").write_bytes(b"changed")
    assert first.sha256(tmp_path) == before[0] and second.sha256(tmp_path) != before[1]
    (tmp_path / "a/one/0001.png").unlink()
    with pytest.raises(FileNotFoundError):
        first.sha256(tmp_path)


def test_a_clip_that_became_shorter_is_refused(tmp_path):
    write_frames(tmp_path / "a" / "one", np.zeros((4, 8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match=r"a/one has 4 frames, and had 3 \+ 3"):
        piece_named(tmp_path, "a/one#3", 3)
