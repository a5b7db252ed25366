"""Makes latents of images on a cluster by Ray Data: tasks read and crop, an actor per GPU encodes
and writes a shard.

The content of a shard is a function of its images and the VAE alone, whoever makes it.
"""

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import ray
import ray.data
from ray.exceptions import RayError

from scaling.launch.cluster import Cluster

STDERR = 2
FALSE_ALARM = b"has constructor arguments in the object store and max_restarts > 0"
JOIN_S = 2.0  # a child process may hold the pipe open for longer


def encode_shards(
    cluster: Cluster, folder: Path, out: Path, vae: str, size: int, batch: int, shards: list[dict]
) -> Iterator[dict]:
    """Make ``shards`` (split, number, rows of path and label) at ``out``.

    Yields of each its split, its number and the count of images seen. There is one encoder per GPU
    of the cluster or, without GPUs, one for every two CPUs. ValueError for what a shard refuses.
    """
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    gpus = int(cluster.gpus)
    # The encoders reserve no CPU: on a machine with a single one, the readers need it.
    items = [{"shard": json.dumps(shard)} for shard in shards]
    # Ray's types know of no arguments besides the row, and of no classes.
    made = (
        ray.data.from_items(items, override_num_blocks=len(items))
        .map(_read, fn_args=(str(folder.resolve()), size), num_cpus=1)  # type: ignore[arg-type]
        .map(
            _Encoder,  # type: ignore[arg-type]
            fn_constructor_args=(vae, str(out.resolve()), size, batch),
            concurrency=gpus or max(1, int(cluster.cpus) // 2),
            num_gpus=1 if gpus else 0,
            num_cpus=0,
        )
    )
    try:
        with _without_false_alarm():
            yield from made.iter_rows()
    except RayError as error:
        cause = getattr(error, "cause", None) or error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if isinstance(cause, ValueError):
            raise ValueError(str(cause).strip().splitlines()[-1]) from None
        raise


@contextlib.contextmanager
def _without_false_alarm() -> Iterator[None]:
    """While entered, Ray's FALSE_ALARM does not reach this process's stderr; all else does.

    Ray's C++ part writes it at level E to descriptor 2 for every pool of actors of Ray Data (its
    issue 57733), and it reads as a failure. Nothing turns off that line alone.
    """
    kept = os.dup(STDERR)
    end, begin = os.pipe()
    os.dup2(begin, STDERR)
    os.close(begin)

    def pass_on() -> None:
        with open(end, "rb") as lines, open(kept, "wb", buffering=0) as out:
            for line in lines:
                if FALSE_ALARM not in line:
                    out.write(line)

    thread = threading.Thread(target=pass_on, daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.dup2(kept, STDERR)  # which closes the pipe, so that the thread ends
        thread.join(timeout=JOIN_S)


def _read(row: dict, folder: str, size: int) -> dict:
    """A shard's readable images as bytes of (n, 3, size, size), with their labels and hashes, and
    what was skipped.
    """
    from scaling.data.crop import read_image
    from scaling.data.listing import read_bytes

    shard = json.loads(row["shard"])
    pixels, images, skipped = [], [], []
    for path, label in shard["rows"]:
        place = Path(folder) / path
        try:
            data = read_bytes(Path(folder), path)
            pixels.append(read_image(place, size, data))
        except (OSError, ValueError) as error:
            skipped.append({"path": path, "why": str(error).splitlines()[0]})
        else:
            images.append(
                {"label": label, "path": path, "sha256": hashlib.sha256(data).hexdigest()}
            )
    known = {
        "split": shard["split"],
        "number": shard["number"],
        "images": images,
        "skipped": skipped,
    }
    return {"known": json.dumps(known), "pixels": b"".join(image.tobytes() for image in pixels)}


class _Encoder:
    def __init__(self, vae: str, out: str, size: int, batch: int):
        import torch

        from scaling.data.latents.autoencoders import kind_of
        from scaling.data.latents.vae import latent_shape, load_vae

        torch.set_num_threads(1)
        self.vae = load_vae(vae, "cuda" if torch.cuda.is_available() else "cpu")
        self.out, self.size, self.batch = Path(out), size, batch
        self.shape = latent_shape(self.vae, size)
        self.moments = 2 if kind_of(self.vae).stochastic else 1

    def __call__(self, row: dict) -> dict:
        import torch

        from scaling.data.latents.store import write_shard
        from scaling.data.latents.vae import encode

        known = json.loads(row["known"])
        pixels = np.frombuffer(row["pixels"], np.uint8).reshape(-1, 3, self.size, self.size)
        moments = (
            encode(self.vae, torch.tensor(pixels), self.batch).numpy()
            if len(pixels)
            else np.empty((0, 2, self.moments, *self.shape), np.float16)
        )
        write_shard(
            self.out, known["split"], known["number"], moments, known["images"], known["skipped"]
        )
        return {
            "split": known["split"],
            "number": known["number"],
            "seen": len(known["images"]) + len(known["skipped"]),
        }
