"""How are latents read from a store? Memory-mapped, with the posterior drawn anew each time.

A store holds each image's moments both as is and mirrored, so a flip only chooses which to read.
"""

import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor

from scaling.data.images import DataSet, Images, Key
from scaling.data.latents.autoencoders import shift_and_scale
from scaling.data.latents.store import read_store, shard_path
from scaling.data.order import stream
from scaling.study.specs.trial import DataSpec


class LatentImages(Images):
    """One split of a store.

    An image (C, h, w) is a draw of (mean + std * noise - shift) * scaling factor; of an encoder
    without a posterior, (mean - shift) * scaling factor.
    """

    def __init__(self, folder: Path, store: dict, split: str, flip: bool):
        self.flip, self.shape = flip, tuple(store["shape"])
        self.shift, self.scale = shift_and_scale(store["vae"])
        self.moments = 1 if store["vae"].get("deterministic") else 2
        counts = [shard["images"] for shard in store["shards"][split]]
        self._starts = np.cumsum([0, *counts])[:-1]
        # of an image, as is or mirrored: its moments, two bytes per number
        self._bytes = self.moments * math.prod(self.shape) * 2
        self._shards = [
            _mapped(shard_path(folder, split, i, "npy"), (n, 2, self.moments, *self.shape))
            for i, n in enumerate(counts)
        ]
        tables = [
            pq.read_table(shard_path(folder, split, i, "parquet"), columns=["label"])
            for i in range(len(counts))
        ]
        self.labels = torch.from_numpy(
            np.concatenate([table["label"].to_numpy() for table in tables]).astype(np.int64)
        )

    def read(self, rows: Tensor, flipped: Tensor) -> Tensor:
        """Means and, of a posterior, standard deviations (B, 2 or 1, C, h, w), float16."""
        shards = np.searchsorted(self._starts, rows.numpy(), side="right") - 1
        begins = self._bytes * (2 * (rows.numpy() - self._starts[shards]) + flipped.numpy())
        # join copies everything in one go without holding Python's lock, so it does not slow down
        # the thread that trains.
        out = bytearray().join(
            [
                self._shards[shard][begin : begin + self._bytes]
                for shard, begin in zip(shards.tolist(), begins.tolist())
            ]
        )
        return torch.from_numpy(
            np.frombuffer(out, np.float16).reshape(-1, self.moments, *self.shape)
        )

    def noise(
        self, key: Key | None, count: int, rows: Tensor, device: torch.device | str = "cpu"
    ) -> Tensor | None:
        if self.moments == 1:
            return None  # nothing is drawn
        if key is not None:
            return torch.randn(
                (count, *self.shape),
                generator=stream("posterior", *key, device=device),
                device=device,
            )
        return torch.stack(
            [
                torch.randn(self.shape, generator=stream("posterior-of-row", row))
                for row in rows.tolist()
            ]
        )

    def finish(self, stored: Tensor, noise: Tensor | None) -> Tensor:
        mean, *std = stored.float().unbind(1)
        z = mean + std[0] * noise if std else mean
        shift, scale = (
            part.to(z.device) if isinstance(part, Tensor) else part
            for part in (self.shift, self.scale)
        )
        return (z - shift) * scale


def _mapped(path: Path, shape: tuple[int, ...]) -> memoryview:
    """The bytes of the array in an .npy file, mapped from the file.

    numpy's own memmap would hold a file open for every shard, and ImageNet's store would exceed the
    usual limit. ValueError if the file is missing or its array is not float16 of ``shape``.
    """
    again = "`scaling encode ... --resume` makes it again"
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read as a shard ({error}); {again}") from None
    if (array.shape, array.dtype) != (shape, np.float16):
        raise ValueError(
            f"{path} holds {array.dtype} {array.shape}, the store says float16 {shape}; {again}"
        )
    start = array.offset // 2
    whole = torch.from_file(
        str(path), shared=False, size=start + math.prod(shape), dtype=torch.float16
    )
    return memoryview(whole[start:].numpy().view(np.uint8))


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The store at ``folder`` as a data set.

    ValueError if it is missing, unfinished, damaged, or not what ``spec`` says.
    """
    store = read_store(folder)
    vae = store["vae"]
    if spec.size != store["size"]:
        raise ValueError(
            f"the latent store at {folder} was made of {store['size']}-pixel images, the spec says "
            f"{spec.size}; set data.size, or data.path to another store"
        )
    if spec.source == "latents" and spec.vae not in (
        vae["name"],
        vae["name"].rpartition("/")[2],
        vae["identity"],
    ):
        raise ValueError(
            f"the latent store at {folder} was made with the VAE {vae['name']} "
            f"({vae['identity']}), the spec says {spec.vae}; set data.vae, or data.path to another "
            "store"
        )
    if spec.content not in (None, store["content"]):
        raise ValueError(
            f"the latent store at {folder} holds content {store['content']}, the spec says "
            f"{spec.content}; set data.content, or data.path to another store"
        )
    train, heldout = (
        LatentImages(folder, store, split, spec.flip and split == "train")
        for split in ("train", "heldout")
    )
    return DataSet(
        name=spec.name or spec.source,
        num_classes=max(1, len(store["classes"])),
        train=train,
        heldout=heldout,
        content=store["content"],
        classes=tuple(map(str, store["classes"])) or None,
    )
