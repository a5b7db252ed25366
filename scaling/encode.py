"""How does a folder of images or clips become a latent store? List, check, encode on Ray what is
missing, finish.
"""

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling.data.listing.walk import printable
from scaling.progress import LINES_EVERY_S, say
from scaling.records.disk import check_room
from scaling.records.files import write_json
from scaling.study.specs.identity import identity

MOST_UNREADABLE = 0.01  # share of the images, unless --allow-unreadable
ENCODING = "encoding.json"
MOST_BYTES = 2**31 - 1  # of a value in Arrow


def encode(
    images: Path,
    vae: str,
    size: int,
    out: Path,
    resume: bool = False,
    upscale: bool = False,
    allow_unreadable: bool = False,
    batch: int = 32,
    shard_images: int = 512,
    address: str | None = None,
    heldout_labels: Path | None = None,
    frames: int | None = None,
    width: int | None = None,
) -> dict:
    """Write the latent store of ``images`` at ``out``; returns what its store.json says.

    Shards that are whole already are kept. ``size`` is in pixels per image side, after the crop.
    ``heldout_labels`` is a file that tells the classes of held-out images that are in no folder.
    With ``frames`` it is of clips of so many, each encoded frame by frame; ``width`` is in pixels
    per row of a frame, None as ``size``. ``address`` is a Ray cluster's; None means $RAY_ADDRESS,
    or this machine where it is not set. ValueError for bad input.
    """
    from scaling.data.latents import store
    from scaling.data.latents import vae as vaes
    from scaling.data.latents.to_encode import of_clips, of_images
    from scaling.data.listing.walk import outside

    if size < 1:
        raise ValueError(f"--size {size} is no number of pixels; give 256 or another above 0")
    only_of_images = {"--upscale": upscale, "--heldout-labels": heldout_labels}
    _check_clips(frames, width, [name for name, given in only_of_images.items() if given])
    listing = of_clips(images, frames) if frames else of_images(images, heldout_labels)
    outside(out, [images], "--out")
    model = vaes.load_vae(vae)
    if (channels := vaes.image_channels(model)) != 3:
        raise ValueError(
            f"--vae {vae} reads images of {channels} channels, and the images of a folder have 3 "
            "(RGB); give an autoencoder of 3"
        )
    description: dict[str, Any] = {
        "size": size,
        "shape": list(vaes.latent_shape(model, size, frames or 1, width)),
        **({"frames": frames} if frames else {}),
        **({"width": width} if width not in (None, size) else {}),
        "vae": vaes.describe(model, vae),
        "upscale": upscale,
        "classes": listing.classes,
    }
    asked = _asked(out, resume, {**description, "shard_images": shard_images}, listing.splits)
    unreadable = listing.check(size, width or size, upscale)
    total = sum(map(len, listing.splits.values()))
    notes = [note for note in listing.notes() if note]
    _refuse_unreadable(None, unreadable, total, allow_unreadable)

    shards = {split: -(-len(rows) // shard_images) for split, rows in listing.splits.items()}
    states = {
        (split, number): store.shard_state(out, split, number)
        for split, count in shards.items()
        for number in range(count)
    }
    done = [shard for shard, state in states.items() if state == store.WHOLE]
    left: list[dict[str, Any]] = [
        {
            "split": split,
            "number": number,
            "rows": listing.splits[split][number * shard_images : (number + 1) * shard_images],
        }
        for (split, number), state in states.items()
        if state != store.WHOLE
    ]
    skipped = [row for split, number in done for row in store.read_skipped(out, split, number)]
    shape = (3, *((frames,) if frames else ()), size, width or size)  # of an image or a clip
    _check_shard(max(len(rows) for rows in listing.splits.values()), shard_images, shape)
    moments = 1 if description["vae"].get("deterministic") else 2
    _check_disk(out, sum(len(shard["rows"]) for shard in left), [moments, *description["shape"]])
    _refuse_unreadable(out, skipped, total, allow_unreadable)
    what = f"clips of {frames} frames" if frames else "images"
    damaged = sum(state == store.DAMAGED for state in states.values())
    classes = f"{len(listing.classes)} classes; " if listing.classes else ""
    begun = (
        f"{images}: {listing.told}; {classes}{len(left)} of "
        f"{sum(shards.values())} shards to make"
        + (f", {damaged} of them damaged and made again" if damaged else "")
        + "".join(f"; {note}" for note in notes)
    )
    if left:
        from scaling.launch.cluster import connected
        from scaling.launch.encode import encode_shards

        with connected(address) as cluster:  # which may refuse, before the first byte
            write_json(out / ENCODING, asked)
            say(begun)
            started = last_line_s = time.monotonic()
            seen = 0
            for shard in encode_shards(cluster, listing.folder, out, vae, shape, batch, left):
                seen += shard["seen"]
                skipped += store.read_skipped(out, shard["split"], shard["number"])
                _refuse_unreadable(out, skipped, total, allow_unreadable)
                if time.monotonic() - last_line_s > LINES_EVERY_S:
                    last_line_s = time.monotonic()
                    rate = seen / (last_line_s - started)
                    say(
                        f"{seen} {what}, {rate:.1f} a second, {len(skipped)} unreadable; "
                        f"{(sum(len(s['rows']) for s in left) - seen) / rate / 60:.0f} minutes left"
                    )
    else:
        write_json(out / ENCODING, asked)
        say(begun)
    made = store.finish_store(out, description, shards, listing.folder)
    say(
        f"{out}: {total - len(skipped)} {what}, content {made['content']}"
        + (f"; {len(skipped)} unreadable, listed in {out / store.SKIPPED}" if skipped else "")
    )
    return made


def _asked(out: Path, resume: bool, parameters: dict, splits: dict) -> dict:
    """What the store is to hold, to be written down. ValueError where ``out`` holds something else,
    or a store that is not to be resumed.
    """
    from scaling.data.latents.store_shapes import ENCODING_SHAPE

    asked = {**parameters, "images": {split: identity(rows) for split, rows in splits.items()}}
    if (out / ENCODING).is_file() and not any(out.glob("*/shard-*")):
        return asked  # begun, but nothing was made that could be lost or mixed
    before = ENCODING_SHAPE.read(out / ENCODING)
    if before is None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(
            f"{out} is not empty and holds no store begun by scaling encode; choose another --out"
        )
    if before is None:
        return asked
    if not resume:
        raise ValueError(
            f"{out} holds a latent store already; continue it with --resume, or choose another "
            "--out"
        )
    old, new = (
        {**store, "vae": {k: v for k, v in store["vae"].items() if k != "name"}}
        for store in (before, asked)
    )
    changed = [
        f"{key} was {old[key]}, is {new[key]}" if len(str(old[key])) < 200 else f"{key} differ"
        for key in new
        if old.get(key) != new[key]
    ]
    if changed:
        raise ValueError(
            f"{out} was begun otherwise: {'; '.join(changed)}. Choose another --out, or the "
            "same options"
        )
    return asked


def _check_clips(frames: int | None, width: int | None, only_of_images: list[str]) -> None:
    if frames is None and width is not None:
        raise ValueError(f"--width {width} is of clips; give --frames too, or leave it out")
    if frames == 1:
        raise ValueError("--frames 1 is an image; leave it out, or give 2 or more")
    if frames and only_of_images:
        raise ValueError(f"{only_of_images[0]} is of images; leave it out, or leave --frames out")


def _check_shard(images: int, shard_images: int, shape: tuple[int, ...]) -> None:
    """A shard's pixels, bytes of ``shape`` for each image or clip, cross Ray as one value, which
    Arrow bounds.
    """
    total = min(images, shard_images) * math.prod(shape)
    if total > MOST_BYTES:
        fit = MOST_BYTES // math.prod(shape)
        what = f"clips of {shape[1]} frames" if len(shape) == 4 else "images"
        raise ValueError(
            f"{min(images, shard_images)} {what} of {shape[-1]}x{shape[-2]} pixels are "
            f"{total / 1e9:.1f} GB in one shard, more than {MOST_BYTES / 1e9:.1f}; "
            + (f"set --shard-images to {fit} or fewer" if fit else "choose a smaller --size")
        )


def _check_disk(out: Path, images: int, shape: list[int]) -> None:
    # as it is and flipped, two bytes a number
    needed = images * 2 * 2 * math.prod(shape)
    check_room(f"{images} images take", needed, out, "make room, or choose another --out")


def _refuse_unreadable(
    out: Path | None, skipped: Sequence[Mapping], total: int, allowed: bool
) -> None:
    """Above MOST_UNREADABLE. They are listed in the store, unless nothing has been written yet:
    ``out`` is None.
    """
    if len(skipped) <= MOST_UNREADABLE * total or allowed:
        return
    listed, again = "", "--allow-unreadable"
    if out is not None:
        from scaling.data.latents.store import SKIPPED, write_skipped

        write_skipped(out, skipped)
        listed, again = f" ({out / SKIPPED} lists them)", "--resume --allow-unreadable"
    raise ValueError(
        f"{len(skipped)} of {total} images cannot be read, more than {MOST_UNREADABLE:.0%}, such "
        f"as {printable(skipped[0]['path'])}{listed}: {skipped[0]['why']}; mend or remove them, or "
        f"go on with {again}"
    )
