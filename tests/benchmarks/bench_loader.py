"""How fast are shuffled batches read from a latent store, beside one .npy file an image with torch's DataLoader?

    python -m tests.benchmarks.bench_loader

Latents of 256-pixel images, (4, 32, 32) means and deviations in fp16, batches of 256 in a random order, warm page cache. The
peer reads the same numbers from a file an image and collates them, with no worker process and with two; ours is the loader
of the trainer, its posterior draw counted too. Wall time, interleaved. The second line prices a step of S/8 on an H100.
"""

import copy
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from scaling.data import DataSpec, Loader, load_data
from scaling.data.synthetic import write_store
from scaling.study import ModelSpec, cost
from tests.benchmarks.timing import table

IMAGES, BATCH, STEPS, ROUNDS = 4096, 256, 16, 5
ASKED, ASKED_SHARE, MFU = 10, 0.01, 0.40


class NpyFiles(Dataset):
    """One file an image, mean and deviation (2, C, h, w) fp16: as DiT repositories' extraction scripts leave them."""

    def __init__(self, folder: Path, images, rows: int):
        self.paths, self.labels = [folder / f"{i:06d}.npy" for i in range(rows)], images.labels
        for start in range(0, rows, BATCH):
            part = torch.arange(start, min(start + BATCH, rows))
            for row, moments in zip(part.tolist(), images.read(part, torch.zeros(len(part), dtype=torch.bool))):
                np.save(self.paths[row], moments.numpy())

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int):
        return torch.from_numpy(np.load(self.paths[i])), self.labels[i]


def rate_of_ours(images, seed: int) -> tuple[float, float]:
    """Images a second of batches read alone, and of the loader's whole step with the posterior's draw."""
    loader = Loader(images, BATCH, seed)
    started = time.perf_counter()
    for step in range(STEPS):
        loader._read(step)
    read = time.perf_counter() - started
    started = time.perf_counter()
    for step in range(STEPS):
        loader.step(step)
    return STEPS * BATCH / read, STEPS * BATCH / (time.perf_counter() - started)


def rate_of_peer(files: NpyFiles, workers: int) -> float:
    loader = iter(DataLoader(files, BATCH, shuffle=True, num_workers=workers))
    next(loader)  # workers are up
    started = time.perf_counter()
    seen = sum(len(labels) for _, labels in loader)
    return seen / (time.perf_counter() - started)


def main(arguments: list[str] | None = None) -> None:
    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(prefix="bench-loader-"))
    try:
        write_store(folder / "store", size=256, images={"train": IMAGES, "heldout": 16}, shard=512)
        (folder / "npy").mkdir()
        images = load_data(DataSpec(source="synthetic", size=256, path=str(folder / "store"), flip=True)).train
        files = NpyFiles(folder / "npy", images, IMAGES)
        rates = {name: [] for name in ("read", "step", "peer 0", "peer 2")}
        for seed in range(ROUNDS):
            for name, rate in zip(("read", "step"), rate_of_ours(images, seed)):
                rates[name].append(rate)
            rates["peer 0"].append(rate_of_peer(files, 0))
            rates["peer 2"].append(rate_of_peer(files, 2))
        model = ModelSpec.preset("DiT-S/8")
        step_s = cost.train_flops(model, BATCH) / (MFU * cost.H100_PEAK_FLOPS)
        held_up_s = seconds_a_step_is_held_up(images, step_s)
    finally:
        shutil.rmtree(folder)
    median = {name: float(np.median(found)) for name, found in rates.items()}
    best = max(median["peer 0"], median["peer 2"])
    print(table([("shuffled batches of 256", "images/s", "ours beside it"),
                 ("store, read", f"{median['read']:.0f}", ""),
                 ("store, read and drawn from the posterior (1 thread)", f"{median['step']:.0f}", ""),
                 *((f"file an image, DataLoader, {workers} workers", f"{median[f'peer {workers}']:.0f}",
                    f"{median['read'] / median[f'peer {workers}']:.1f}") for workers in (0, 2))]))
    print(f"asked: {ASKED} times; found {median['read'] / best:.1f} beside the better of the two")
    print(f"a step of S/8 with {BATCH} images at {MFU:.0%} of an H100's bf16 peak: {1e3 * step_s:.2f} ms; reading a batch: "
          f"{1e3 * BATCH / median['read']:.2f} ms of one thread, ahead of the step; the step itself is held up "
          f"{1e3 * held_up_s:.3f} ms, {held_up_s / step_s:.1%} of it (asked: under {ASKED_SHARE:.0%})")


def seconds_a_step_is_held_up(images, step_s: float, steps: int = 300) -> float:
    """Median seconds until a batch is handed over, while each step lasts ``step_s`` on a device that is not this thread.

    The posterior's draw is left out: on a GPU it is the device's work, not this thread's.
    """
    images = copy.copy(images)
    images.noise, images.finish = lambda *_: None, lambda stored, noise: stored
    loader, taken = Loader(images, BATCH, seed=0), []
    for step in range(steps):
        started = time.perf_counter()
        loader.step(step)
        taken.append(time.perf_counter() - started)
        time.sleep(step_s)
    return float(np.median(taken[20:]))


if __name__ == "__main__":
    main()
