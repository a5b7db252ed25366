"""Where do samples go? A picture of classes in rows, or many images: drawn in chunks that outlive a kill, then written.

While it is drawn, OUT is OUT.partial/: images.npy (N, H, W, C) uint8, memory-mapped, a marker for each chunk that is whole,
and what was asked for. Any worker may draw any chunk, as image i depends on (seed, i) alone.
"""

import functools
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from scaling.evaluation.generate import check_sampling, generate
from scaling.evaluation.load import Loaded, load_checkpoint
from scaling.records.files import read_json, write_bytes, write_json
from scaling.study.protocol import Protocol
from scaling.study.spec import LATENT_FACTOR

CHUNK = 250
CELL, GAP, MARGIN = 64, 4, 96  # pixels: an image is enlarged to at least CELL


def check_classes(loaded: Loaded, classes: Sequence[int]) -> None:
    """ValueError for classes that the model does not know."""
    unknown = [c for c in classes if not 0 <= c < loaded.spec.num_classes]
    if unknown:
        raise ValueError(f"class {unknown[0]} is unknown to {loaded.spec.name}, which knows "
                         f"{loaded.spec.num_classes}: 0 to {loaded.spec.num_classes - 1}")


def write_grid(loaded: Loaded, protocol: Protocol, classes: Sequence[int], per_class: int, out: Path) -> None:
    """Write a PNG with a row of ``per_class`` samples for each class. ValueError for what cannot be sampled or shown."""
    check_classes(loaded, classes)
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    image_channels(loaded, protocol)
    labels = [c for c in classes for _ in range(per_class)]
    images, _, nonfinite = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, range(len(labels)), labels)
    if nonfinite:
        raise ValueError(f"{nonfinite} of {len(labels)} samples are not finite; take another checkpoint or more steps")
    size = images.shape[-1]
    zoom = max(1, -(-CELL // size))
    step = size * zoom + GAP
    picture = Image.new("RGB", (MARGIN + per_class * step, GAP + len(classes) * step), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    for i, image in enumerate(images):
        row, column = divmod(i, per_class)
        cell = _picture(image.permute(1, 2, 0).numpy()).convert("RGB").resize((size * zoom, size * zoom), Image.NEAREST)
        picture.paste(cell, (MARGIN + column * step, GAP + row * step))
        if column == 0:
            draw.text((8, GAP + row * step + size * zoom // 2), f"class {labels[i]}", "black", font, anchor="lm")
    _replace(out, lambda aside: picture.save(aside, "PNG"))


def open_partial(loaded: Loaded, protocol: Protocol, out: Path, asked: dict) -> tuple[Path, list[range]]:
    """The folder OUT.partial/, made or found, and the chunks still to be drawn.

    ``asked`` says which samples these are. ValueError where OUT is there already, or begun with other samples.
    """
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    channels = image_channels(loaded, protocol)
    if out.exists():
        raise ValueError(f"{out} exists; remove it or give another --out")
    folder = out.with_name(out.name + ".partial")
    before = read_json(folder / "asked.json")
    if before is None:
        folder.mkdir(parents=True, exist_ok=True)
        size = loaded.spec.input_size * (LATENT_FACTOR if protocol.decoder else 1)
        np.lib.format.open_memmap(folder / "images.npy", "w+", np.uint8, (protocol.samples, size, size, channels)).flush()
        write_json(folder / "asked.json", asked)
    elif before != asked:
        changed = [k for k in asked if before.get(k) != asked[k]]
        raise ValueError(f"{folder} was begun with another {', '.join(changed)}; remove it or give another --out")
    chunks = [range(i, min(i + CHUNK, protocol.samples)) for i in range(0, protocol.samples, CHUNK)]
    return folder, [chunk for chunk in chunks if not _marker(folder, chunk).exists()]


@functools.lru_cache(maxsize=1)
def _loaded(checkpoint: str, average: str | None, device: str) -> Loaded:
    loaded = load_checkpoint(checkpoint, average)
    loaded.model.to(device)
    return loaded


def draw_chunk(checkpoint: str, average: str | None, protocol: Protocol, folder: Path, rows: range, threads: int = 1) -> int:
    """Draw images ``rows`` into the partial ``folder``; returns how many were not finite (and are black)."""
    torch.set_num_threads(threads)
    loaded = _loaded(checkpoint, average, "cuda" if torch.cuda.is_available() else "cpu")
    images, _, nonfinite = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, rows)
    array = np.load(folder / "images.npy", mmap_mode="r+")
    array[rows.start:rows.stop] = images.permute(0, 2, 3, 1).numpy()
    array.flush()
    write_bytes(_marker(folder, rows), b"")
    return nonfinite


def finish(folder: Path, out: Path) -> None:
    """Make OUT of a partial folder whose chunks are whole: .npy, .npz as ADM's suite reads it, or a folder of PNGs."""
    images = np.load(folder / "images.npy", mmap_mode="r")
    if out.suffix == ".npy":
        os.replace(folder / "images.npy", out)
    elif out.suffix == ".npz":
        _replace(out, lambda aside: np.savez(aside, arr_0=images))
    else:
        pictures = folder / "png"
        pictures.mkdir(exist_ok=True)
        digits = max(6, len(str(len(images) - 1)))
        for i, image in enumerate(images):
            _picture(image).save(pictures / f"{i:0{digits}}.png")
        os.replace(pictures, out)
    shutil.rmtree(folder)


def image_channels(loaded: Loaded, protocol: Protocol) -> int:
    """1 or 3. ValueError for latents without a decoder."""
    channels = 3 if protocol.decoder else loaded.spec.channels
    if channels not in (1, 3):
        raise ValueError(f"{loaded.spec.name} makes latents of {channels} channels; say which VAE decodes them, "
                         "as --vae sd-vae-ft-mse (of scaling evaluate: --protocol decoder=sd-vae-ft-mse)")
    return channels


def _marker(folder: Path, rows: range) -> Path:
    return folder / f"drawn-{rows.start}-{rows.stop}"


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _replace(out: Path, write) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".writing-{os.getpid()}-{out.name}")
    write(aside)
    os.replace(aside, out)
