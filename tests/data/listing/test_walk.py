"""Does one walk find each image once, leave out what is no image, and say what it left out?"""

import os
import shutil

import pytest

from scaling.data.listing.walk import find_images, from_text, litter, outside, printable
from tests.data.pictures import write_kind


def images(folder, *names):
    for name in names:
        write_kind(folder / name, "rgb.png", 8, 8)
    return folder


def test_hidden_names_and_litter_are_left_out_at_every_level_and_counted(tmp_path):
    images(tmp_path, "a/1.png", "a/._1.png", ".copies/1.png", "a/.copies/1.png", "__MACOSX/1.png")
    images(tmp_path, "@eaDir/1.png", "a/2.png")
    for name in (".DS_Store", "a/Thumbs.db", "a/desktop.ini", "a/notes.txt", "b.txt", "LICENSE"):
        (tmp_path / name).write_text("P no picture")
    found = find_images(tmp_path)
    assert found.paths == ["a/1.png", "a/2.png"] and found.folders == ["a"]
    assert found.left_out == {
        "hidden": 2,
        "hidden folders": 2,
        "system": 2,
        "system folders": 2,
        ".txt": 2,
        "without suffix": 1,
    }
    assert found.told() == (
        "13 files: 2 images; left out 11: .txt 2, hidden 2, hidden folders 2, system 2, "
        "system folders 2, without suffix 1"
    )
    assert find_images(tmp_path / ".copies").paths == ["1.png"]  # named by the caller


@pytest.mark.parametrize(
    "name", ["desktop.ini", "THUMBS.DB", "~$table.xlsx", "a.png~", ".x", "~snapshot", "FOUND.000"]
)
def test_litter_is_known_in_any_case(name):
    assert litter(name) and litter("class.1") is None


def test_an_image_is_known_by_its_content_or_its_suffix(tmp_path):
    for i, kind in enumerate(("rgb.jpg", "rgb.png", "rgb.webp", "rgb.bmp", "rgb.tif", "grey.gif")):
        write_kind(tmp_path / kind, kind, 8, 8)
        (tmp_path / kind).rename(tmp_path / f"photo{i}{('', '.dat', '.JPG_large')[i % 3]}")
    (tmp_path / "broken.JPG").write_bytes(b"no image")
    for suffix in (".heic", ".nef"):  # a raw photo begins as a TIFF does
        write_kind(tmp_path / f"raw{suffix}.tif", "rgb.tif")
        (tmp_path / f"raw{suffix}.tif").rename(tmp_path / f"raw{suffix}")
    write_kind(tmp_path / "download.png", "rgb.png")
    (tmp_path / "download.png").rename(tmp_path / "download.png.part")
    found = find_images(tmp_path)
    assert len(found.paths) == 7 and "broken.JPG" in found.paths
    assert found.told() == (
        "10 files: 7 images; left out 3: .heic 1, .nef 1, .part 1 (Pillow does not read .heic, "
        ".nef: convert them)"
    )


def test_a_link_to_a_folder_above_or_to_itself_counts_nothing_twice(tmp_path):
    images(tmp_path / "set", "a/1.png", "b/2.png")
    (tmp_path / "set" / "a" / "up").symlink_to("..")
    (tmp_path / "set" / "b" / "here").symlink_to(".")
    (tmp_path / "set" / "top").symlink_to(tmp_path)
    images(tmp_path, "beside.png")
    found = find_images(tmp_path / "set")
    assert found.paths == ["a/1.png", "b/2.png"]
    assert found.left_out == {"links to a folder above": 3}


def test_links_are_followed_once_and_what_stands_in_the_folder_comes_first(tmp_path):
    images(tmp_path / "far", "1.png", "deep/2.png", "x/1.png", "y/1.png")
    images(tmp_path / "set", "z/3.png")
    for name, target in (
        ("a", tmp_path / "far" / "deep"),
        ("b", tmp_path / "far" / "deep"),  # the same folder again
        ("c", "z"),  # one that stands in the set
        ("d.png", tmp_path / "far" / "1.png"),
        ("e.png", tmp_path / "far" / "1.png"),  # the same file again
        ("f.png", "z/3.png"),  # one that stands in the set
    ):
        (tmp_path / "set" / name).symlink_to(target)
    # two folders that lead to one another
    (tmp_path / "set" / "x").symlink_to(tmp_path / "far" / "x")
    (tmp_path / "far" / "x" / "y").symlink_to(tmp_path / "far" / "y")
    (tmp_path / "far" / "y" / "x").symlink_to(tmp_path / "far" / "x")
    found = find_images(tmp_path / "set")
    assert found.paths == ["a/2.png", "d.png", "x/1.png", "x/y/1.png", "z/3.png"]
    assert found.left_out == {
        "links to folders counted already": 3,
        "links to files counted already": 2,
    }


def test_hard_links_to_one_file_count_once(tmp_path):
    folder = images(tmp_path / "set", "a/1.png", "b/2.png")
    outside = images(tmp_path / "outside", "3.png", "4.png")
    os.link(folder / "a/1.png", folder / "b/1.png")
    os.link(outside / "3.png", folder / "b/3.png")  # whose other name is outside
    os.link(folder / "a/1.png", outside / "1.png")
    os.link(outside / "4.png", outside / "same.png")
    for name in ("1", "4", "same"):
        (folder / f"b/link{name}.png").symlink_to(outside / f"{name}.png")
    found = find_images(folder)
    assert found.paths == ["a/1.png", "b/2.png", "b/3.png", "b/link4.png"]
    assert found.left_out == {"links to files counted already": 3}


def test_a_file_behind_a_hidden_name_is_followed_once(tmp_path):
    """As git-annex and Hugging Face's cache keep files."""
    images(tmp_path, ".store/x.png", ".own.png")
    (tmp_path / "1.png").symlink_to(".store/x.png")
    (tmp_path / "2.png").symlink_to(".own.png")
    assert find_images(tmp_path).paths == ["1.png", "2.png"]


@pytest.mark.parametrize("target", ["gone.png", "loop.png"])
def test_a_link_to_nothing_is_refused_with_its_target(target, tmp_path):
    images(tmp_path, "a/1.png")
    (tmp_path / "a" / "loop.png").symlink_to(target)
    with pytest.raises(ValueError, match=rf"1 links below .*a/loop\.png -> {target}; bring back"):
        find_images(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path):
    images(tmp_path, "a/1.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    assert find_images(tmp_path).left_out == {"pipes and devices": 1}


def test_names_that_are_not_utf_8_are_read_and_written_as_text(tmp_path):
    name = os.fsdecode(b"caf\xe9.png")
    write_kind(tmp_path / "plain.png", "rgb.png")
    shutil.move(tmp_path / "plain.png", tmp_path / name)
    assert find_images(tmp_path).paths == [name]
    assert printable(name) == "caf\\xe9.png" and from_text(tmp_path, "caf\\xe9.png") == name
    lines = tmp_path / "two\nlines\t.png"
    lines.touch()
    text = printable(lines.name)
    assert text == "two\\x0alines\\x09.png" and from_text(tmp_path, text) == lines.name


def test_what_is_written_may_not_lie_in_the_image_folder(tmp_path):
    (tmp_path / "images").mkdir()
    outside(tmp_path / "store", [tmp_path / "images"], "--out")
    (tmp_path / "loop").symlink_to("loop")
    outside(tmp_path / "loop", [tmp_path / "images"], "--out")
    (tmp_path / "link").symlink_to("images")
    for inner in ("images", "images/store", "link/store"):
        with pytest.raises(ValueError, match=r"--out .* lies in the image folder .*beside it"):
            outside(tmp_path / inner, [tmp_path / "images"], "--out")


def test_a_missing_folder_and_a_file_are_named(tmp_path):
    (tmp_path / "file").touch()
    for name, says in (("none", "no such folder"), ("file", "that is a file")):
        with pytest.raises(ValueError, match=f"no image folder at {tmp_path}/{name}: .*{says}"):
            find_images(tmp_path / name)
