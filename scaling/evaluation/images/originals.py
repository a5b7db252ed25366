"""Which real images were a store's latents made of? They are read again where they lay.

That is where ``scaling encode`` found them, or the data root, or a data set of the suite.
"""

import functools
import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from scaling.data.clips.pieces import MARK, clip_of, piece_named
from scaling.data.crop import read_image
from scaling.data.latents.store import read_images, read_store
from scaling.data.latents.store_shapes import Store
from scaling.data.listing import file_of, read_bytes
from scaling.data.listing.walk import from_text
from scaling.data.sources import LATENT_SOURCES, data_root, load_data, place
from scaling.evaluation.images.real_images import RealImages, data_images
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DataSpec


def originals(data: DataSpec, subset: str) -> RealImages:
    """The images that a split of a latent store was encoded from, cropped as they were then; of
    pixels, themselves.

    Reading them raises ValueError if there are none, or if a file is missing or has changed.
    """
    if data.source not in LATENT_SOURCES:
        return data_images(data, subset)
    load_data(data)  # a store that is made when it is first read
    folder = place(data)
    store = read_store(folder)
    if "images_of" in store:
        return data_images(DataSpec(source=store["images_of"]), subset)
    shards = store["shards"][subset]

    @functools.cache
    def files() -> tuple[Path, list[dict]]:
        homes = [
            Path(home)
            for home in (store.get("encoded_from"), data.name and data_root() / data.name)
            if home
        ]
        rows = (
            read_images(folder, subset, len(shards)) if homes and data.source == "latents" else []
        )
        for home in homes:
            if rows and _is_there(home, rows[0]["path"], "frames" in store):
                return home, rows
        raise ValueError(
            f"no real images of {data.name or data.source}: "
            + (
                f"they are not in {' or '.join(map(str, homes))}"
                if rows
                else "its latents were not made from images"
            )
        )

    def read(rows: Tensor) -> Tensor:
        home, known = files()
        return torch.stack(
            [
                torch.from_numpy(
                    _original_clip(home, known[i], store)
                    if "frames" in store
                    else _original(home, known[i]["path"], known[i]["sha256"], store["size"])
                )
                for i in rows.tolist()
            ]
        )

    content = identity([store["content"], subset, "originals"])
    count, frames = sum(shard["images"] for shard in shards), store.get("frames", 1)
    return RealImages(subset, count, content, read, frames=frames)


def _is_there(home: Path, name: str, clip: bool) -> bool:
    """Whether the file, or the clip, of an image or piece of the store is in ``home``."""
    if clip:
        return (home / from_text(home, clip_of(name))).exists()
    return (home / file_of(from_text(home, name))).is_file()


def _original_clip(home: Path, row: dict, store: Store) -> np.ndarray:
    """The piece (3, F, H, W) that ``row`` of ``store`` was encoded from; ValueError as an image."""
    clip, mark, start = row["path"].rpartition(MARK)
    name = from_text(home, clip) + mark + start
    try:
        piece = piece_named(home, name, store["frames"])
        sha256 = piece.sha256(home)
    except (OSError, ValueError) as error:
        raise ValueError(f"no real images: {error}") from None
    if sha256 != row["sha256"]:
        raise ValueError(f"no real images: {home / name} has not the frames that were encoded")
    return piece.read(home, store["size"], store.get("width", store["size"]))


def _original(home: Path, name: str, sha256: str, size: int):
    path = from_text(home, name)
    try:
        content = read_bytes(home, path)
    except ValueError as error:
        raise ValueError(f"no real images: {error}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"no real images: {home / name} is not the file that was encoded")
    return read_image(home / path, size, content)
