"""How are samples written? As a picture with a row per class, or as many images or clips.

Many images are drawn in parts that survive a kill, then written. Until then they are in
OUT.partial/, whose parts any worker may draw.
"""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from scaling.evaluation.sampling.generate import check_sampling, generate
from scaling.evaluation.sampling.load import Loaded
from scaling.evaluation.sampling.parts import Parts
from scaling.evaluation.sampling.wanted import Wanted
from scaling.records.files import named
from scaling.study.specs.protocol import Protocol

PART = 250
CELL, GAP, MARGIN = 64, 4, 96  # pixels; an image is enlarged to at least CELL


def write_grid(loaded: Loaded, protocol: Protocol, wanted: Wanted, out: Path) -> None:
    """Write a PNG with one row of samples for each class; a clip's frames stand side by side.

    ValueError for what cannot be sampled or shown.
    """
    per_class, classes, labels = wanted.in_a_row, wanted.classes, wanted.labels
    assert per_class is not None and classes is not None and labels is not None
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    image_channels(loaded, protocol)
    loaded.model.to("cuda" if torch.cuda.is_available() else "cpu")
    images, _, nonfinite = generate(
        loaded.model, loaded.spec, loaded.diffusion, protocol, range(len(labels)), labels
    )
    if nonfinite:
        raise ValueError(
            f"{nonfinite} of {len(labels)} samples are not finite; take another checkpoint or more "
            "steps"
        )
    images = film(images)
    zoom = max(1, -(-CELL // images.shape[-2]))
    high, wide = (zoom * pixels for pixels in images.shape[-2:])
    size = MARGIN + per_class * (wide + GAP), GAP + len(classes) * (high + GAP)
    picture = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(16)
    for i, image in enumerate(images):
        row, column = divmod(i, per_class)
        cell = (
            _picture(image.permute(1, 2, 0).numpy())
            .convert("RGB")
            .resize((wide, high), Image.NEAREST)
        )
        picture.paste(cell, (MARGIN + column * (wide + GAP), GAP + row * (high + GAP)))
        if column == 0:
            draw.text(
                (8, GAP + row * (high + GAP) + high // 2),
                _named(labels[i], loaded),
                "black",
                font,
                anchor="lm",
            )
    _replace(out, lambda aside: picture.save(aside, "PNG"))


def _named(label: int, loaded: Loaded) -> str:
    """What stands beside a row."""
    if loaded.spec.condition == "none":
        return ""
    return "no class" if label == loaded.spec.num_classes else f"class {label}"


def open_partial(
    loaded: Loaded, protocol: Protocol, out: Path, asked: dict, count: int | None = None
) -> Parts:
    """The parts in OUT.partial/, new or continued, as ``asked_partial``."""
    parts = asked_partial(loaded, protocol, out, asked, count)
    parts.begin(asked)
    return parts


def asked_partial(
    loaded: Loaded, protocol: Protocol, out: Path, asked: dict, count: int | None = None
) -> Parts:
    """The parts in OUT.partial/, of which nothing is written yet; ``count`` images, or the
    protocol's.

    ``asked`` describes the samples. ValueError if OUT exists, or if its parts are of other samples.
    """
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    image_channels(loaded, protocol)
    if out.exists():
        raise ValueError(f"{out} exists; remove it or give another --out")
    parts = Parts(out.with_name(out.name + ".partial"), count or protocol.samples, PART)
    if changed := parts.changed(asked):
        raise ValueError(
            f"{parts.folder} was begun with another {', '.join(changed)}; remove it or give "
            "another --out"
        )
    return parts


def draw_part(
    loaded: Loaded,
    protocol: Protocol,
    folder: Path,
    rows: range,
    threads: int = 1,
    wanted: Wanted | None = None,
) -> None:
    """Draw the part ``rows`` into the partial ``folder``; images that are not finite are black."""
    torch.set_num_threads(threads)
    wanted = wanted or Wanted(protocol.samples)
    loaded.model.to("cuda" if torch.cuda.is_available() else "cpu")

    def draw(rows: range):
        images, _, nonfinite = generate(
            loaded.model, loaded.spec, loaded.diffusion, protocol, rows, wanted.labels
        )
        return images, nonfinite

    Parts(folder, wanted.count, PART).draw_one(rows, draw, wait=True)


def finish(parts: Parts, out: Path) -> None:
    """Write OUT from complete parts.

    .npy holds (N, H, W, C), .npz is in the format of ADM's suite, and anything else is a folder of
    PNGs. Clips are (N, F, H, W, C), or folders of their frames.
    """
    if out.suffix in (".npy", ".npz"):
        first = parts.read(torch.tensor([0]))
        whole = np.lib.format.open_memmap(
            parts.folder / "images.npy",
            "w+",
            np.uint8,
            (len(parts), *first.movedim(1, -1).shape[1:]),
        )
        for rows in parts.ranges:
            whole[rows.start : rows.stop] = (
                parts.read(torch.arange(rows.start, rows.stop)).movedim(1, -1).numpy()
            )
        whole.flush()
        if out.suffix == ".npy":
            os.replace(parts.folder / "images.npy", out)
        else:
            _replace(out, lambda aside: np.savez(aside, arr_0=whole))
    else:
        pictures = parts.folder / "png"
        pictures.mkdir(exist_ok=True)
        digits = max(6, len(str(len(parts) - 1)))
        for rows in parts.ranges:
            for i, image in zip(rows, parts.read(torch.arange(rows.start, rows.stop))):
                _save(image, pictures / f"{i:0{digits}}")
        os.replace(pictures, out)
    parts.clear()


def image_channels(loaded: Loaded, protocol: Protocol) -> int:
    """Channels of the samples, 1 or 3. ValueError for latents without a decoder that fits them."""
    if protocol.decoder:
        from scaling.data.latents.decoders import check_channels  # seconds of imports

        factor = loaded.size and loaded.size / loaded.spec.input_size
        return check_channels(protocol.decoder, loaded.spec.channels, factor)
    channels = loaded.spec.channels
    if channels not in (1, 3):
        raise ValueError(
            f"{loaded.spec.name} makes latents of {channels} channels; say which VAE decodes them, "
            "such as --vae sd-vae-ft-mse (scaling evaluate: --protocol decoder=sd-vae-ft-mse)"
        )
    return channels


def film(images: Tensor) -> Tensor:
    """Clips (N, C, F, H, W) as pictures (N, C, H, F W) of their frames; images as they are."""
    return images.transpose(2, 3).flatten(3) if images.ndim == 5 else images


def _save(image: Tensor, place: Path) -> None:
    """An image (C, H, W) as ``place``.png, the frames of a clip (C, F, H, W) in a folder."""
    if image.ndim == 3:
        _picture(image.permute(1, 2, 0).numpy()).save(place.with_name(f"{place.name}.png"))
        return
    place.mkdir(exist_ok=True)
    for number, frame in enumerate(image.unbind(1)):
        _save(frame, place / f"{number:05d}")


def _picture(image: np.ndarray) -> Image.Image:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def _replace(out: Path, write) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".writing-{os.getpid()}-{out.name}")
    try:
        with named(out):
            write(aside)
        os.replace(aside, out)
    finally:
        aside.unlink(missing_ok=True)
