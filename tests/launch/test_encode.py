"""Does scaling encode make the store that it should: every format, both sides, the same after a
kill, nothing lost?
"""

import contextlib
import csv
import json
import os
import signal
import subprocess
import tarfile
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.data import DataSpec, load_data
from scaling.data.crop import read_image
from scaling.data.images import from_uint8
from scaling.data.latents.store import check_store, read_store, shard_path
from scaling.data.latents.vae import decode, load_vae
from scaling.launch import encode as ray_encode
from tests.data.latents import tiny_autoencoders as tiny
from tests.data.pictures import write_folder, write_kind
from tests.test_encode import command, refusal

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray apart")]
PATIENCE_S = 300


def without_ray(cluster, folder, out, vae, size, batch, shards):
    encoder = ray_encode._Encoder(vae, str(out), size, batch)
    for shard in shards:
        yield encoder(ray_encode._read({"shard": json.dumps(shard)}, str(folder), size))


def encode_in_this_process(monkeypatch) -> None:
    """What Ray's tasks and actors run, without their start of half a minute."""
    monkeypatch.setattr(ray_encode, "encode_shards", without_ray)
    monkeypatch.setattr(
        "scaling.launch.cluster.connected", lambda address: contextlib.nullcontext()
    )


@pytest.fixture
def here(monkeypatch):
    encode_in_this_process(monkeypatch)


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """Images of every kind, the saved VAE, and the store made of them in one go, in this
    process.
    """
    work = tmp_path_factory.mktemp("encode")
    write_folder(work / "images", per_class=60)
    (work / "images" / "class1" / "broken.png").write_bytes(b"\x89PNG but no more")
    load_vae("synthetic").save_pretrained(work / "vae")
    with pytest.MonkeyPatch.context() as monkeypatch:
        encode_in_this_process(monkeypatch)
        run(command(work, "store"))
    return work


def run(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments[3:])
    assert stop.value.code == 0


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def rows(folder: Path, split: str) -> list[dict]:
    return [
        row
        for i in range(len(read_store(folder)["shards"][split]))
        for row in pq.read_table(shard_path(folder, split, i, "parquet")).to_pylist()
    ]


@pytest.mark.parametrize(
    ("vae", "shape", "moments"),
    [("AutoencoderTiny", (16, 8, 8), 1), ("AutoencoderKL", (8, 2, 2), 2), ("none", (3, 32, 32), 1)],
)
def test_any_autoencoder_makes_a_store_and_so_do_pixels(vae, shape, moments, tmp_path, here):
    write_folder(tmp_path / "images")
    name = vae
    if vae != "none":
        factor = 32 // shape[1]
        name = tiny.write(tmp_path / "own", vae, factor, shape[0])
    run(command(tmp_path, "store", "--vae", name))
    store = read_store(tmp_path / "store")
    assert tuple(store["shape"]) == shape
    assert store["vae"].get("deterministic", False) == (moments == 1)
    spec = DataSpec(
        source="latents", name="x", size=32, vae=store["vae"]["name"], path=str(tmp_path / "store")
    )
    data = load_data(spec)
    assert data.train.read(torch.arange(2), torch.zeros(2, dtype=torch.bool)).shape[1] == moments
    made = decode(load_vae(name), data.train.batch(torch.arange(2)))
    assert made.shape == (2, 3, 32, 32)
    if vae == "none":
        first = rows(tmp_path / "store", "train")[0]["path"]
        assert np.array_equal(made[0].numpy(), read_image(tmp_path / "images" / first, 32))


def test_a_store_holds_both_sides_of_every_image_and_lists_what_it_could_not_read(work):
    store, vae = read_store(work / "store"), load_vae(str(work / "vae"))
    check_store(work / "store")
    assert store["encoded_from"] == str(work / "images")
    counts = {split: len(rows(work / "store", split)) for split in ("train", "heldout")}
    assert (
        counts["heldout"] in (6, 7)
        and sum(counts.values()) == 120
        and store["classes"] == ["class0", "class1"]
    )
    with open(work / "store" / "skipped.csv") as file:
        (skipped,) = csv.DictReader(file)
    assert skipped["path"] == "class1/broken.png" and "no image format" in skipped["why"]
    shards = range(len(store["shards"]["train"]))
    moments = np.concatenate(
        [np.load(shard_path(work / "store", "train", i, "npy")) for i in shards]
    )
    for i in (0, 17, 50, 100):
        pixels = torch.from_numpy(
            read_image(work / "images" / rows(work / "store", "train")[i]["path"], 32)
        )[None]
        with torch.no_grad():
            for side, seen in enumerate((pixels, pixels.flip(-1))):
                posterior = vae.encode(from_uint8(seen)).latent_dist
                assert np.allclose(moments[i, side, 0], posterior.mean[0], atol=2e-3, rtol=2e-3)
                assert np.allclose(moments[i, side, 1], posterior.std[0], atol=2e-3, rtol=2e-3)


def test_the_store_is_read_as_the_spec_says(work):
    spec = DataSpec(
        source="latents", name="toy", size=32, vae="vae", path=str(work / "store"), flip=True
    )
    data = load_data(spec)
    assert data.num_classes == 2 and data.train.shape == (4, 4, 4)
    assert data.train.batch(torch.arange(8), key=(0, 0)).isfinite().all()


def test_a_killed_encoding_goes_on_and_ends_identical(work, capsys, ray_address, shared_cluster):
    """On Ray, both; the store that they end with was made without it."""
    killed = subprocess.Popen(
        command(work, "killed", "--address", ray_address),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE_S
    while len(list((work / "killed").glob("*/shard-*.json"))) < 2:
        assert time.monotonic() < deadline and killed.poll() is None
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not (work / "killed" / "store.json").exists()
    assert "continue it with --resume" in refusal(command(work, "killed"), capsys)
    run(command(work, "killed", "--resume", "--address", ray_address))
    assert {
        name: data for name, data in files(work / "killed").items() if not name.endswith(".tmp")
    } == files(work / "store")


def test_damaged_shards_are_made_again(work, here, capsys):
    before = files(work / "store")
    path = shard_path(work / "store", "train", 1, "npy")
    path.write_bytes(path.read_bytes()[:-8])
    shard_path(work / "store", "heldout", 0, "json").unlink()
    run(command(work, "store", "--resume"))
    assert "2 of 9 shards to make, 1 of them damaged" in capsys.readouterr().out
    assert files(work / "store") == before


def test_a_folder_claimed_by_a_run_that_made_nothing_is_free(tmp_path, here):
    """Older ones claimed it before they refused."""
    write_folder(tmp_path / "images")
    load_vae("synthetic").save_pretrained(tmp_path / "vae")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "encoding.json").write_text('{"size": 24, "vae": {"name": "x"}}')
    run(command(tmp_path, "store"))
    assert read_store(tmp_path / "store")["size"] == 32


def test_names_that_are_not_utf_8_and_tars_are_encoded(tmp_path, here):
    write_folder(tmp_path / "images")
    odd = os.fsdecode(b"caf\xe9.png")
    write_kind(tmp_path / "images" / "class0" / "plain.png", "rgb.png")
    (tmp_path / "images" / "class0" / "plain.png").rename(tmp_path / "images" / "class0" / odd)
    load_vae("synthetic").save_pretrained(tmp_path / "vae")
    run(command(tmp_path, "store"))
    paths = [
        row["path"] for split in ("train", "heldout") for row in rows(tmp_path / "store", split)
    ]
    assert "class0/caf\\xe9.png" in paths and len(paths) == 11
    with tarfile.open(tmp_path / "images.tar", "w") as tar:
        for name in ("class0", "class1"):
            tar.add(tmp_path / "images" / name, name)
    packed = command(tmp_path, "packed")
    packed[packed.index("--images") + 1] = str(tmp_path / "images.tar")
    run(packed)
    assert read_store(tmp_path / "packed")["classes"] == ["class0", "class1"]
    hashes = [
        sorted(
            row["sha256"] for split in ("train", "heldout") for row in rows(tmp_path / out, split)
        )
        for out in ("store", "packed")
    ]
    assert hashes[0] == hashes[1]


def test_a_set_without_classes_is_stored_and_what_is_no_single_image_is_said(
    tmp_path, here, capsys
):
    for i in range(5):
        write_kind(tmp_path / "images" / f"{i}.png", "rgb.png")
    frames = [Image.new("RGB", (40, 40), (level, 0, 0)) for level in (10, 200)]
    frames[0].save(tmp_path / "images" / "moves.gif", save_all=True, append_images=frames[1:])
    run(command(tmp_path, "store", "--vae", "none"))
    said = capsys.readouterr()
    said = said.out + said.err
    assert "images: 6 files: 6 images; without classes; 2 of 2 shards to make" in said
    assert "; 1 file holds several frames, of which the first is taken: moves.gif" in said
    assert read_store(tmp_path / "store")["classes"] == []
    place = str(tmp_path / "store")
    data = load_data(DataSpec(source="latents", name="x", size=32, vae="none", path=place))
    assert (data.num_classes, data.classes, len(data.train)) == (1, None, 5)
    assert not data.train.labels.any() and not data.heldout.labels.any()


def test_over_one_percent_unreadable_is_an_error_unless_allowed(tmp_path, here, capsys):
    write_folder(tmp_path / "images")
    load_vae("synthetic").save_pretrained(tmp_path / "vae")
    write_kind(tmp_path / "images" / "class0" / "short.jpg", "rgb.jpg")
    short = tmp_path / "images" / "class0" / "short.jpg"
    short.write_bytes(short.read_bytes()[:700])
    assert "1 of 11 images cannot be read, more than 1%" in refusal(
        command(tmp_path, "store"), capsys
    )
    assert "short.jpg" in (tmp_path / "store" / "skipped.csv").read_text()
    assert not (tmp_path / "store" / "store.json").exists()
    run(command(tmp_path, "store", "--resume", "--allow-unreadable"))
    assert (
        "1 unreadable" in capsys.readouterr().out and (tmp_path / "store" / "store.json").exists()
    )


@pytest.mark.parametrize(
    "change, says",
    [(("--size", "24"), "size was 32, is 24"), (("--vae", "synthetic-2"), "vae was")],
)
def test_resuming_otherwise_is_refused_with_the_difference(change, says, work, capsys):
    other = work / "synthetic-2"
    if not other.exists():
        vae = load_vae("synthetic")
        from diffusers import AutoencoderKL

        changed = AutoencoderKL(
            **{k: v for k, v in vae.config.items() if not k.startswith("_")}
            | {"scaling_factor": 0.5}
        )
        changed.save_pretrained(other)
    change = (str(other) if part == "synthetic-2" else part for part in change)
    assert says in refusal(command(work, "store", "--resume", *change), capsys)


def test_only_rays_false_alarm_is_kept_from_stderr(capfd):
    with ray_encode._without_false_alarm():
        os.write(2, b"E 1 core_worker.cc: Actor " + ray_encode.FALSE_ALARM + b". More.\n")
        os.write(2, b"E 2 core_worker.cc: another\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "E 2 core_worker.cc: another\nafter\n"
