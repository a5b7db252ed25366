"""How are latents stored on disk? As memory-mapped fp16 shards with checksums.

    STORE/
      store.json                   size, VAE, classes, shards, and the content's identity
      train/shard-00000.npy        (n, 2, 2, C, h, w) float16: as is and mirrored; mean and
                                   standard deviation. Of clips, (n, 2, 2, C, F, h, w)
      train/shard-00000.parquet    label, path and SHA-256 of each of its images
      train/shard-00000.json       number of images, skipped ones, SHA-256 of both files
      heldout/...
      skipped.csv                  images that could not be read, and why

A shard's .json is written after its other files, and store.json is written last.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scaling.data.latents.store_shapes import (
    FORMAT,
    SHARD,
    SPLITS,
    STORE_SHAPE,
    Shard,
    SkippedImage,
    Store,
)
from scaling.data.listing.walk import printable
from scaling.records.files import write_bytes, write_json
from scaling.records.parsed import Unreadable
from scaling.study.specs.identity import identity

STORE, SKIPPED = "store.json", "skipped.csv"
CHECKING_THREADS = 8
WHOLE, DAMAGED, MISSING = "whole", "damaged", "missing"


def shard_path(folder: Path, split: str, number: int, kind: str) -> Path:
    """The file of a shard; ``kind`` is npy, parquet or json."""
    return folder / split / f"shard-{number:05d}.{kind}"


def write_shard(
    folder: Path,
    split: str,
    number: int,
    latents: np.ndarray,
    images: list[dict],
    skipped: list[dict],
) -> None:
    """Write a shard: latents (n, 2, M, C, [F,] h, w), and rows about its images.

    ``images`` have label, path and sha256; ``skipped`` have path and why. Of a path, bytes that are
    not UTF-8 are written as \\xNN. The shard exists once its .json does. ValueError for latents
    that fp16 cannot hold.
    """
    images, skipped = (
        [{**row, "path": printable(row["path"])} for row in rows] for rows in (images, skipped)
    )
    latents = latents.astype(np.float16)
    if not np.isfinite(latents).all():
        odd = int(np.flatnonzero(~np.isfinite(latents).reshape(len(latents), -1).all(1))[0])
        raise ValueError(
            f"the latent of {images[odd]['path']} is not finite in fp16; is this VAE one for "
            "images in [-1, 1]?"
        )
    array, table = io.BytesIO(), io.BytesIO()
    np.save(array, latents)
    schema = pa.schema([("label", pa.int32()), ("path", pa.string()), ("sha256", pa.string())])
    pq.write_table(pa.Table.from_pylist(images, schema=schema), table)
    checksums = {}
    for kind, buffer in (("npy", array), ("parquet", table)):
        write_bytes(shard_path(folder, split, number, kind), buffer.getvalue())
        checksums[kind] = hashlib.sha256(buffer.getvalue()).hexdigest()
    write_json(
        shard_path(folder, split, number, "json"),
        {"images": len(images), "skipped": skipped, "sha256": checksums},
    )


def shard_state(folder: Path, split: str, number: int) -> str:
    """WHOLE if the shard's checksums match, MISSING if it was never finished, otherwise DAMAGED."""
    try:
        shard = SHARD.read(shard_path(folder, split, number, "json"))
    except Unreadable:
        return DAMAGED
    if shard is None:
        return MISSING
    whole = all(
        _checksum_matches(shard_path(folder, split, number, kind), digest)
        for kind, digest in shard["sha256"].items()
    )
    return WHOLE if whole else DAMAGED


def read_shard(folder: Path, split: str, number: int) -> Shard:
    """What a shard's .json says. ValueError where there is none, or a damaged one."""
    path = shard_path(folder, split, number, "json")
    shard = SHARD.read(path)
    if shard is None:
        raise ValueError(f"{path} is missing; {SHARD.mend}")
    return shard


def read_skipped(folder: Path, split: str, number: int) -> list[SkippedImage]:
    """The images that could not be encoded into a shard: path and why."""
    return read_shard(folder, split, number)["skipped"]


def read_images(folder: Path, split: str, shards: int) -> list[dict]:
    """Label, path and sha256 of each image of a split, in the order of its latents."""
    return [
        row
        for i in range(shards)
        for row in pq.read_table(shard_path(folder, split, i, "parquet")).to_pylist()
    ]


def finish_store(
    folder: Path, description: dict, shards: dict[str, int], encoded_from: Path | None = None
) -> dict:
    """Write skipped.csv and store.json for the ``shards`` of each split.

    Returns the content of store.json. ``description`` has size, shape (C, h, w), vae (name,
    identity, scaling_factor, shift_factor), classes and upscale; of clips, shape (C, F, h, w),
    frames and, where they are not square, width. ``encoded_from`` is the folder of
    the images, or None if there are none.

    The content's identity depends on the images' bytes, labels and order, the VAE and the size. It
    depends neither on where the images lay nor on the last bit of a GPU's arithmetic.
    """
    parts = {split: [read_shard(folder, split, i) for i in range(n)] for split, n in shards.items()}
    write_skipped(
        folder, [row for split in SPLITS for part in parts[split] for row in part["skipped"]]
    )
    images = {
        split: [[row["path"], row["label"], row["sha256"]] for row in read_images(folder, split, n)]
        for split, n in shards.items()
    }
    vae = {k: v for k, v in description["vae"].items() if k != "name"}
    store = {
        "format": FORMAT,
        **description,
        "content": identity({**description, "format": FORMAT, "vae": vae, "images": images}),
        "encoded_from": encoded_from and str(encoded_from.resolve()),
        "shards": {
            split: [{"images": part["images"], "sha256": part["sha256"]} for part in parts[split]]
            for split in SPLITS
        },
    }
    write_json(folder / STORE, store)
    return store


def write_skipped(folder: Path, rows: Sequence[Mapping]) -> None:
    """Write skipped.csv: path and why of each image that could not be read."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["path", "why"], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: printable(row[name]) for name in ("path", "why")} for row in rows)
    write_bytes(folder / SKIPPED, text.getvalue().encode())


def read_store(folder: Path) -> Store:
    """The content of store.json. ValueError if there is no finished store."""
    if not folder.is_dir():
        raise ValueError(
            f"no latent store at {folder}: make one with `scaling encode --images DIR --vae VAE "
            f"--size PIXELS --out {folder}`, or set data.path"
        )
    store = STORE_SHAPE.read(folder / STORE)
    if store is None:
        done = sum(1 for _ in folder.glob("*/shard-*.json"))
        raise ValueError(
            f"the latent store at {folder} is not finished ({done} shards so far, no {STORE}): "
            f"continue with `scaling encode ... --out {folder} --resume`"
        )
    if store["format"] != FORMAT:
        raise ValueError(
            f"the latent store at {folder} has format {store['format']}, not {FORMAT}; encode again"
        )
    return store


def check_store(folder: Path) -> None:
    """Read every shard of a finished store.

    ValueError names the first shard that is missing or whose checksum does not match.
    """
    files = shard_files(folder)
    with ThreadPoolExecutor(CHECKING_THREADS) as pool:
        bad = [
            name
            for name, holds in zip(
                files, pool.map(lambda name: _checksum_matches(folder / name, files[name]), files)
            )
            if not holds
        ]
    if bad:
        raise ValueError(
            f"{len(bad)} of {len(files)} shard files of {folder} are missing or damaged "
            f"(checksum), such as {bad[0]}; `scaling encode ... --out {folder} --resume` makes "
            "them again"
        )


def shard_files(folder: Path) -> dict[str, str]:
    """The shard files of a finished store, relative to it, with the SHA-256 of each."""
    store = read_store(folder)
    return {
        str(shard_path(folder, split, i, kind).relative_to(folder)): digest
        for split in SPLITS
        for i, shard in enumerate(store["shards"][split])
        for kind, digest in shard["sha256"].items()
    }


def _checksum_matches(path: Path, digest: str) -> bool:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == digest
    except FileNotFoundError:
        return False
