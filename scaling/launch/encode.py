"""Makes latents of images or clips on a cluster by Ray Data: tasks read and crop, an actor per GPU
encodes and writes a shard.

The content of a shard is a function of its images and the VAE alone, whoever makes it.
"""

import contextlib
import json
import logging
import math
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
    cluster: Cluster,
    folder: Path,
    out: Path,
    vae: str,
    shape: tuple[int, ...],
    batch: int,
    shards: list[dict],
) -> Iterator[dict]:
    """Make ``shards`` (split, number, rows of ``ToEncode``) at ``out``.

    ``shape`` is (3, [F,] H, W) of an image or a clip. Yields of each its split, its number and the
    count of images seen. There is one encoder per GPU of the cluster or, without GPUs, one for
    every two CPUs. ValueError for what a shard refuses.
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
        .map(_read, fn_args=(str(folder.resolve()), shape), num_cpus=1)  # type: ignore[arg-type]
        .map(
            _Encoder,  # type: ignore[arg-type]
            fn_constructor_args=(vae, str(out.resolve()), shape, batch),
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


def _read(row: dict, folder: str, shape: tuple[int, ...]) -> dict:
    """A shard's readable images or clips as bytes of (n, *shape), with their labels and hashes, and
    what was skipped.
    """
    from scaling.data.latents.to_encode import read_row

    shard = json.loads(row["shard"])
    pixels, images, skipped = [], [], []
    for told in shard["rows"]:
        path, label = told[:2]
        try:
            array, sha256 = read_row(Path(folder), told, shape)
        except (OSError, ValueError) as error:
            skipped.append({"path": path, "why": str(error).splitlines()[0]})
        else:
            pixels.append(array)
            images.append({"label": label, "path": path, "sha256": sha256})
    known = {
        "split": shard["split"],
        "number": shard["number"],
        "images": images,
        "skipped": skipped,
    }
    return {"known": json.dumps(known), "pixels": b"".join(image.tobytes() for image in pixels)}


class _Encoder:
    def __init__(self, vae: str, out: str, shape: tuple[int, ...], batch: int):
        import torch

        from scaling.data.latents.autoencoders import kind_of
        from scaling.data.latents.vae import latent_shape, load_vae

        torch.set_num_threads(1)
        self.vae = load_vae(vae, "cuda" if torch.cuda.is_available() else "cpu")
        self.out, self.shape, self.batch = Path(out), shape, batch
        latents = latent_shape(self.vae, shape[-2], math.prod(shape[1:-2]), shape[-1])
        self.moments = (2 if kind_of(self.vae).stochastic else 1, *latents)

    def __call__(self, row: dict) -> dict:
        import torch

        from scaling.data.latents.store import write_shard
        from scaling.data.latents.vae import encode

        known = json.loads(row["known"])
        pixels = np.frombuffer(row["pixels"], np.uint8).reshape(-1, *self.shape)
        moments = (
            encode(self.vae, torch.tensor(pixels), self.batch).numpy()
            if len(pixels)
            else np.empty((0, 2, *self.moments), np.float16)
        )
        write_shard(
            self.out, known["split"], known["number"], moments, known["images"], known["skipped"]
        )
        return {
            "split": known["split"],
            "number": known["number"],
            "seen": len(known["images"]) + len(known["skipped"]),
        }
