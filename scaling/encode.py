"""How does a folder of images become a latent store? List, check, encode on Ray what is missing,
finish.
"""

import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling.progress import LINES_EVERY_S, say

MOST_UNREADABLE = 0.01  # share of the images, unless --allow-unreadable
ENCODING = "encoding.json"


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
) -> dict:
    """Write the latent store of ``images`` at ``out``; returns what its store.json says.

    Shards that are whole already are kept. ``size`` is in pixels per image side, after the crop.
    ``address`` is a Ray cluster's; None means $RAY_ADDRESS, or this machine where it is not set.
    ValueError for bad input.
    """
    from scaling.data import folder, store
    from scaling.data import vae as vaes

    listing = folder.list_images(images)
    model = vaes.load_vae(vae)
    description: dict[str, Any] = {
        "size": size,
        "shape": list(vaes.latent_shape(model, size)),
        "vae": vaes.describe(model, vae),
        "upscale": upscale,
        "classes": listing.classes,
    }
    _claim(out, resume, {**description, "shard_images": shard_images}, listing.splits)
    paths = [path for rows in listing.splits.values() for path, _ in rows]
    folder.check_images(images, paths, size, upscale, unreadable=True)

    total = len(paths)
    shards = {split: -(-len(rows) // shard_images) for split, rows in listing.splits.items()}
    done = [
        (split, number)
        for split, count in shards.items()
        for number in range(count)
        if store.shard_is_whole(out, split, number)
    ]
    left: list[dict[str, Any]] = [
        {
            "split": split,
            "number": number,
            "rows": rows[number * shard_images : (number + 1) * shard_images],
        }
        for split, rows in listing.splits.items()
        for number in range(shards[split])
        if (split, number) not in set(done)
    ]
    skipped = [row for split, number in done for row in store.read_skipped(out, split, number)]
    _check_disk(out, sum(len(shard["rows"]) for shard in left), description["shape"])
    say(
        f"{images}: {total} images of {len(listing.classes)} classes, {len(left)} of "
        f"{sum(shards.values())} shards to make"
    )
    _refuse_unreadable(out, skipped, total, allow_unreadable)
    if left:
        from scaling.launch.cluster import connected
        from scaling.launch.encode import encode_shards

        with connected(address) as cluster:
            started = told = time.monotonic()
            seen = 0
            for shard in encode_shards(cluster, images, out, vae, size, batch, left):
                seen += shard["seen"]
                skipped += store.read_skipped(out, shard["split"], shard["number"])
                _refuse_unreadable(out, skipped, total, allow_unreadable)
                if time.monotonic() - told > LINES_EVERY_S:
                    told = time.monotonic()
                    rate = seen / (told - started)
                    say(
                        f"{seen} images, {rate:.1f} a second, {len(skipped)} unreadable; "
                        f"{(sum(len(s['rows']) for s in left) - seen) / rate / 60:.0f} minutes left"
                    )
    made = store.finish_store(out, description, shards, images)
    say(
        f"{out}: {total - len(skipped)} images, content {made['content']}"
        + (f"; {len(skipped)} unreadable, listed in {out / store.SKIPPED}" if skipped else "")
    )
    return made


def _claim(out: Path, resume: bool, parameters: dict, splits: dict) -> None:
    """Write down what the store is to hold. ValueError where ``out`` holds something else, or a
    store that is not to be resumed.
    """
    from scaling.data.store_shapes import ENCODING_SHAPE
    from scaling.records.files import write_json
    from scaling.study.identity import identity

    asked = {**parameters, "images": {split: identity(rows) for split, rows in splits.items()}}
    before = ENCODING_SHAPE.read(out / ENCODING)
    if before is None and out.is_dir() and any(out.iterdir()):
        raise ValueError(
            f"{out} is not empty and holds no store begun by scaling encode; choose another --out"
        )
    if before is not None and not resume:
        raise ValueError(
            f"{out} holds a latent store already; continue it with --resume, or choose another "
            "--out"
        )
    if before is not None:
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
    write_json(out / ENCODING, asked)


def _check_disk(out: Path, images: int, shape: list[int]) -> None:
    # as it is and flipped, mean and standard deviation, two bytes each
    needed = images * 2 * 2 * 2 * shape[0] * shape[1] * shape[2]
    free = shutil.disk_usage(out).free
    if needed > free:
        raise ValueError(
            f"{images} images take {needed / 1e9:.1f} GB, {out} has {free / 1e9:.1f} GB free; "
            "make room, or choose another --out"
        )


def _refuse_unreadable(out: Path, skipped: Sequence[Mapping], total: int, allowed: bool) -> None:
    if len(skipped) > MOST_UNREADABLE * total and not allowed:
        from scaling.data.store import SKIPPED, write_skipped

        write_skipped(out, skipped)
        raise ValueError(
            f"{len(skipped)} of {total} images cannot be read, more than {MOST_UNREADABLE:.0%}, "
            "such as "
            f"{skipped[0]['path']} ({out / SKIPPED} lists them); mend or remove them, or go on "
            "with "
            "--resume --allow-unreadable"
        )
