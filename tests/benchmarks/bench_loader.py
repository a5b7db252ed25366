"""How fast are shuffled batches read from a latent store, beside one .npy file an image with
torch's DataLoader?

    python -m tests.benchmarks.bench_loader

Latents of 256-pixel images, (4, 32, 32) means and deviations in fp16, batches of 256 in a random
order, warm page cache. The peer reads the same numbers from a file an image and collates them, with
no worker process and with two. Wall time, interleaved.

Then what a training step waits for its batch, of S/8 at an H100's speed: a thread asks the
trainer's loader for one batch after the other and sleeps for the priced step in between, as a host
thread is free while a GPU computes. The wait is the time within ``Loader.step``. The posterior's
draw is left out: on a GPU the device makes it, on a stream of its own.
"""

import copy
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from scaling.data import DataSpec, Loader, batch_indices, load_data
from scaling.data.synthetic import write_store
from scaling.study import ModelSpec, cost
from tests.benchmarks.timing import table

IMAGES, BATCH, STEPS, ROUNDS = 4096, 256, 16, 5
ASKED, ASKED_SHARE, MFU = 10, 0.01, 0.40


class NpyFiles(Dataset):
    """One file an image, mean and deviation (2, C, h, w) fp16: as DiT repositories' extraction
    scripts leave them.
    """

    def __init__(self, folder: Path, images, rows: int):
        self.paths, self.labels = [folder / f"{i:06d}.npy" for i in range(rows)], images.labels
        for start in range(0, rows, BATCH):
            part = torch.arange(start, min(start + BATCH, rows))
            for row, moments in zip(
                part.tolist(), images.read(part, torch.zeros(len(part), dtype=torch.bool))
            ):
                np.save(self.paths[row], moments.numpy())

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: int):
        return torch.from_numpy(np.load(self.paths[i])), self.labels[i]


def rate_of_ours(images, seed: int) -> tuple[float, float]:
    """Images a second of batches read alone, and with the posterior drawn, by one thread."""

    def rate(make) -> float:
        started = time.perf_counter()
        for step in range(STEPS):
            make(batch_indices(IMAGES, BATCH, seed, step), step)
        return STEPS * BATCH / (time.perf_counter() - started)

    return (
        rate(lambda rows, step: images.read(rows, images.flips(BATCH, (seed, step)))),
        rate(lambda rows, step: images.batch(rows, (seed, step))),
    )


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
        images = load_data(
            DataSpec(source="synthetic", size=256, path=str(folder / "store"), flip=True)
        ).train
        files = NpyFiles(folder / "npy", images, IMAGES)
        rates = {name: [] for name in ("read", "step", "peer 0", "peer 2")}
        for seed in range(ROUNDS):
            for name, rate in zip(("read", "step"), rate_of_ours(images, seed)):
                rates[name].append(rate)
            rates["peer 0"].append(rate_of_peer(files, 0))
            rates["peer 2"].append(rate_of_peer(files, 2))
        model = ModelSpec.preset("DiT-S/8")
        step_s = cost.train_flops(model, BATCH) / (MFU * cost.H100_PEAK_FLOPS)
        median_s, mean_s, cpu_s = waits(images, step_s)
    finally:
        shutil.rmtree(folder)
    median = {name: float(np.median(found)) for name, found in rates.items()}
    best = max(median["peer 0"], median["peer 2"])
    print(
        table(
            [
                ("shuffled batches of 256", "images/s", "ours beside it"),
                ("store, read", f"{median['read']:.0f}", ""),
                (
                    "store, read and drawn from the posterior (1 thread)",
                    f"{median['step']:.0f}",
                    "",
                ),
                *(
                    (
                        f"file an image, DataLoader, {workers} workers",
                        f"{median[f'peer {workers}']:.0f}",
                        f"{median['read'] / median[f'peer {workers}']:.1f}",
                    )
                    for workers in (0, 2)
                ),
            ]
        )
    )
    print(f"asked: {ASKED} times; found {median['read'] / best:.1f} beside the better of the two")
    print(
        f"a step of S/8 with {BATCH} images at {MFU:.0%} of an H100's bf16 peak: "
        f"{1e3 * step_s:.2f} ms; it waits for its "
        f"batch {1e6 * median_s:.0f} us, {median_s / step_s:.2%} of it (median; mean "
        f"{1e6 * mean_s:.0f} us; asked: under "
        f"{ASKED_SHARE:.0%}), while the threads that read ahead take {1e3 * cpu_s:.2f} ms of CPU a "
        "batch: "
        f"{cpu_s / step_s:.1f} cores keep up"
    )


def waits(images, step_s: float, steps: int = 1000) -> tuple[float, float, float]:
    """Seconds that a step of ``step_s`` waits for its batch, median and mean; CPU seconds of the
    loader's threads a batch.
    """
    images = copy.copy(images)
    images.noise, images.finish = lambda *_: None, lambda stored, noise: stored
    loader, taken = Loader(images, BATCH, seed=0), []
    loader.step(0)
    spent = time.process_time() - time.thread_time()
    for step in range(1, steps + 1):
        started = time.perf_counter()
        batch = loader.step(step)
        taken.append(time.perf_counter() - started)
        time.sleep(step_s)
        del batch
    return (
        float(np.median(taken)),
        float(np.mean(taken)),
        (time.process_time() - time.thread_time() - spent) / steps,
    )


if __name__ == "__main__":
    main()
