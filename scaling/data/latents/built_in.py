"""How do the images of one of the suite's data sets become latents? In this process, by a shipped
autoencoder, when they are first asked for.

So a study of such latents needs no step before it. The store is like any other, but instead of a
folder it names the data set whose images it holds.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from filelock import FileLock
from torch import Tensor, nn

from scaling.data.images import DataSet, Images, to_uint8
from scaling.data.latents.store import STORE, finish_store, write_shard
from scaling.data.latents.store_shapes import SPLITS
from scaling.data.latents.vae import describe, encode, latent_shape, load_vae
from scaling.study.specs.data import FIXED_SIZES, DataSpec

SHARD, BATCH = 512, 256  # images


def make(folder: Path, spec: DataSpec, load: Callable[[], DataSet]) -> None:
    """The store of ``spec`` at ``folder``, of the images that ``load`` gives, unless it is there.

    ValueError for another size than the images have.
    """
    size = FIXED_SIZES[spec.name]
    if spec.size != size:
        raise ValueError(
            f"the images of {spec.name} have {size} pixels, the spec says {spec.size}; set "
            f"data.size to {size}"
        )
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if (folder / STORE).exists():
            return
        vae, images = load_vae(spec.vae), load()
        shards = {}
        for split in SPLITS:
            parts = torch.arange(len(images.subset(split))).split(SHARD)
            shards[split] = len(parts)
            for number, rows in enumerate(parts):
                _write(folder, split, number, images.subset(split), rows, vae)
        finish_store(
            folder,
            {
                "size": size,
                "shape": list(latent_shape(vae, size)),
                "vae": describe(vae, spec.vae),
                "upscale": False,
                "classes": list(images.classes or map(str, range(images.num_classes))),
                "images_of": spec.name,
            },
            shards,
        )


def _write(
    folder: Path, split: str, number: int, images: Images, rows: Tensor, vae: nn.Module
) -> None:
    pixels = to_uint8(images.batch(rows))
    about = [
        {
            "label": int(images.labels[row]),
            "path": f"{split}-{row:05d}",
            "sha256": hashlib.sha256(image.numpy().tobytes()).hexdigest(),
        }
        for row, image in zip(rows.tolist(), pixels)
    ]
    write_shard(folder, split, number, encode(vae, pixels, BATCH).numpy(), about, [])
