"""Does ``scaling encode`` refuse, before anything is encoded, what cannot become a store?"""

import sys
from pathlib import Path

import pytest

from scaling.cli import main
from scaling.data.latents.vae import load_vae
from scaling.encode import _check_shard
from tests.data.latents import tiny_autoencoders as tiny
from tests.data.pictures import write_folder


def command(work: Path, out: str, *more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "scaling",
        "encode",
        "--images",
        str(work / "images"),
        "--vae",
        str(work / "vae"),
        "--size",
        "32",
        "--out",
        str(work / out),
        "--shard-images",
        "16",
        *more,
    ]


def refusal(arguments: list[str], capsys) -> str:
    with pytest.raises(SystemExit) as stop:
        main(arguments[3:])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and len(error.strip().splitlines()) == 1, error
    return error


@pytest.mark.parametrize(
    "spoil, more, says",
    [
        (lambda work: None, ("--size", "30"), "size 30 is not a multiple of 8"),
        (lambda work: None, ("--size", "64"), "10 of 10 images"),
        (lambda work: None, ("--size", "16000", "--upscale"), "set --shard-images to 2 or fewer"),
        (lambda work: None, ("--size", "0"), "--size 0 must be 1 to"),
        (lambda work: None, ("--size", "-8"), "--size -8 must be 1 to"),
        (
            lambda work: (work / "images" / "class0" / "x.jpg").write_bytes(b"none"),
            (),
            "class0/x.jpg: ",
        ),
        (lambda work: (work / "store").touch(), (), "is not empty"),
        (lambda work: None, ("--address", "x"), "Ray address 'x' (--address or $RAY_ADDRESS) is"),
        (lambda work: None, ("--vae", "/nowhere"), "no VAE at /nowhere"),
        (
            lambda work: tiny.write(work / "vae", "AutoencoderTiny", 4, 4, in_channels=1),
            (),
            "reads images of 1 channels, and the images of a folder have 3",
        ),
        (
            lambda work: tiny.write(work / "vae", "AutoencoderRAE", 16, 64),
            ("--size", "16"),
            "AutoencoderRAE makes images of 32 pixels alone; give --size 32",
        ),
        (lambda work: (work / "vae" / "config.json").unlink(), (), "no VAE in the folder"),
        (lambda work: None, ("--images", "/nowhere"), "no image folder at /nowhere"),
        (lambda work: (work / "images" / "class9").mkdir(), (), "such as 'class9'"),
        (
            lambda work: (work / "store").mkdir() or (work / "store" / "thesis.tex").touch(),
            (),
            "is not empty",
        ),
    ],
)
def test_bad_input_is_one_line_before_anything_is_encoded(spoil, more, says, tmp_path, capsys):
    write_folder(tmp_path / "images")
    load_vae("synthetic").save_pretrained(tmp_path / "vae")
    spoil(tmp_path)
    assert says in refusal(command(tmp_path, "store", *more), capsys)
    assert not list(tmp_path.glob("store/*/shard-*"))
    assert not (tmp_path / "store" / "encoding.json").exists()  # nothing is claimed


def test_a_store_may_not_lie_among_its_images(tmp_path, capsys):
    write_folder(tmp_path / "images")
    said = refusal(command(tmp_path, "images/store"), capsys)
    assert "images/store lies in the image folder" in said
    assert not (tmp_path / "images" / "store").exists()


def test_a_shard_that_arrow_cannot_hold_names_what_fits():
    _check_shard(1000, 512, (3, 256, 256))
    for size, says in ((2000, "--shard-images to 178 or fewer"), (30_000, "a smaller --size")):
        with pytest.raises(ValueError, match=says):
            _check_shard(1000, 512, (3, size, size))
