"""What replaces ImageNet's latents or CIFAR's pixels in a trial run? Noise around class patterns.

A few examples with the same shape as the real data.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock

from scaling.data.images import DataSet, ImageSet, to_uint8
from scaling.data.latents import read as latents
from scaling.data.latents import store
from scaling.study.network import LATENT_FACTOR
from scaling.study.specs.trial import DataSpec

CLASSES, CHANNELS = 1000, 4  # as ImageNet under Stable Diffusion's VAE
PIXEL_CLASSES, PIXEL_CHANNELS = 10, 3  # as CIFAR-10
IMAGES = {"train": 64, "heldout": 10}
SHARD = 32  # images
VAE = {"name": "synthetic", "identity": "synthetic", "scaling_factor": 0.18215, "shift_factor": 0.0}


def write_store(
    folder: Path,
    size: int,
    images: dict[str, int] | None = None,
    shard: int = SHARD,
    frames: int = 1,
    width: int | None = None,
) -> dict:
    """Write a store with ``images`` per split at ``folder``; returns store.json's content.

    Latents are (4, size/8, width/8), or (4, F, size/8, width/8) of clips of more than one of
    ``frames``; ``width``: None as ``size``. They are a pattern of the class plus noise, with a
    variance of about one after scaling, and the same on every machine.
    """
    images = images or IMAGES
    plane = (CHANNELS, size // LATENT_FACTOR, (width or size) // LATENT_FACTOR)
    clip = (frames,) if frames > 1 else ()
    shape = (CHANNELS, *clip, *plane[1:])
    shards = {}
    for split, count in images.items():
        shards[split] = -(-count // shard)
        for number in range(shards[split]):
            rows = range(number * shard, min((number + 1) * shard, count))
            labels = [row * CLASSES // count for row in rows]
            rng = np.random.default_rng([size, list(images).index(split), number])
            waves = _patterns(labels, plane).reshape(
                len(rows), CHANNELS, *(1 for _ in clip), *plane[1:]
            )
            mean = (rng.standard_normal((len(rows), *shape)) + waves) / (
                2**0.5 * VAE["scaling_factor"]
            )
            both = np.stack([mean, mean[..., ::-1]], axis=1)  # (n, 2, C, [F,] h, w)
            moments = np.stack([both, np.full_like(both, 0.05)], axis=2)
            names = [f"{split}-{row:05d}" for row in rows]
            store.write_shard(
                folder,
                split,
                number,
                moments,
                skipped=[],
                images=[
                    {
                        "label": label,
                        "path": name,
                        "sha256": hashlib.sha256(name.encode()).hexdigest(),
                    }
                    for label, name in zip(labels, names)
                ],
            )
    return store.finish_store(
        folder,
        {
            "size": size,
            "shape": list(shape),
            **({"frames": frames} if clip else {}),
            **({"width": width} if width not in (None, size) else {}),
            "vae": VAE,
            "upscale": False,
            "classes": [f"{i:04d}" for i in range(CLASSES)],
        },
        shards,
    )


def _patterns(labels: list[int], shape: tuple[int, ...]) -> np.ndarray:
    """A smooth wave of unit variance for each label: (n, C, h, w)."""
    y, x = np.mgrid[: shape[1], : shape[2]] / shape[1]
    waves = []
    for label in labels:
        phase = 2 * np.pi * np.random.default_rng(label).random(shape[0])
        waves.append(
            [
                2**0.5 * np.sin(2 * np.pi * (x * (1 + label % 3) + y * (1 + label % 2)) + p)
                for p in phase
            ]
        )
    return np.array(waves)


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The synthetic store of the spec's size; it is written at ``folder`` if there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        if not (folder / store.STORE).exists():
            write_store(folder, spec.size, frames=spec.frames or 1, width=spec.width)
    return latents.load(folder, spec)


def pixels(spec: DataSpec) -> DataSet:
    """Images in memory: uint8 (N, 3, size, width), or clips of frames alike but for the noise."""
    plane, sets = (PIXEL_CHANNELS, spec.size, spec.width or spec.size), {}
    frames = (spec.frames,) if spec.has_clips else ()
    shape = (PIXEL_CHANNELS, *frames, *plane[1:])
    for split, count in IMAGES.items():
        labels = [row * PIXEL_CLASSES // count for row in range(count)]
        noise = np.random.default_rng([spec.size, count]).standard_normal((count, *shape))
        waves = _patterns(labels, plane).reshape(
            count, PIXEL_CHANNELS, *(1 for _ in frames), *plane[1:]
        )
        images = to_uint8(torch.from_numpy((noise + waves) / 4))
        sets[split] = ImageSet(images, torch.tensor(labels), spec.flip and split == "train")
    return DataSet(name=spec.source, num_classes=PIXEL_CLASSES, **sets)
