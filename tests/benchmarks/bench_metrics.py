"""How fast are metrics beside ``torch_fidelity.calculate_metrics``, and does memory stay flat as
samples grow?

    python -m tests.benchmarks.bench_metrics [--quick]

Twelve trials against one reference set, FID, KID, precision and recall, on the same images: ours
from arrays as a trial has them, torch-fidelity on PNG folders as its README shows, and the same
with its cache of the reference (``input2_cache_name``). With efficientnet-lite0 two trials are run,
the other ten taken to last as long as the second, and torch-fidelity's without its cache as the
first; it has no such extractor, so it is given the package's network in a registered one as its
README shows. Then the Fréchet distance at 2,048 dimensions, and peak memory over growing sample
counts. One torch thread; seconds are those the process was on a core.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image
from sklearn.datasets import load_sample_images
from torch_fidelity import calculate_metrics, register_feature_extractor
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x
from torch_fidelity.metric_fid import fid_statistics_to_metric

from scaling.data import DataSpec, load_data
from scaling.evaluation.features import efficientnet
from scaling.evaluation.features.extractors import layers_of
from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.frechet import Gaussian, frechet_distance
from scaling.evaluation.metrics.measure import measure
from scaling.study import Protocol
from tests.benchmarks.timing import medians, table

TRIALS, DIMENSION = 12, 2048
ASKED = {"plain": 2.0, "cached": 1.0, "frechet": 3.0}
METRICS = ("fid", "kid", "precision", "recall")
THEIRS = {
    "fid": "frechet_inception_distance",
    "kid": "kernel_inception_distance_mean",
    "precision": "precision",
    "recall": "recall",
}
MEMORY = """
import sys, torch
torch.set_num_threads(1)
from scaling.evaluation.metrics import collect
collect.features_of = lambda images, name, layers: {layers[0]: torch.randn(len(images), 2048)}
count = int(sys.argv[1])
sizes = [min(256, count - i) for i in range(0, count, 256)]
pixels = (torch.zeros(size, 1, 1, 1, dtype=torch.uint8) for size in sizes)
collect.collect(pixels, count, "inception", {"2048": collect.Need(moments=True, rows=2000)})
# not what its parent held
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


class AsInTheReadme(efficientnet.EfficientNetLite0):
    """The network as it comes, on whole batches, its images scaled by torch-fidelity's function."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.net.to(memory_format=torch.contiguous_format)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        x = interpolate_bilinear_2d_like_tensorflow1x(
            images.float(), size=(224, 224), align_corners=False
        )
        pooled = self.net.extract_features((x - self.mean) / self.std).mean((2, 3))
        found = {efficientnet.POOL: pooled, efficientnet.SCORES: self.net._fc(pooled)}
        return tuple(found[name] for name in self.features_list)


def digits(count: int) -> list[torch.Tensor]:
    """Sample sets of digits, each noisier than the one before, and the real ones last."""
    real = load_data(DataSpec()).train.uint8
    g = torch.Generator().manual_seed(0)
    sets = []
    for trial in range(TRIALS):
        rows = torch.randint(len(real), (count,), generator=g)
        noise = 10 * (1 + trial) * torch.randn(count, *real.shape[1:], generator=g)
        sets.append((real[rows] + noise).clamp(0, 255).to(torch.uint8))
    return [*sets, real]


def photographs(count: int, trials: int = 2) -> list[torch.Tensor]:
    """Sample sets of crops from two photographs, each noisier than the one before, and a clean one
    last.
    """
    sources = [
        torch.from_numpy(image.copy()).permute(2, 0, 1) for image in load_sample_images().images
    ]
    g = torch.Generator().manual_seed(0)

    def crop() -> torch.Tensor:
        source = sources[int(torch.randint(2, (), generator=g))]
        y, x = (int(torch.randint(side - 64, (), generator=g)) for side in source.shape[1:])
        return source[:, y : y + 64, x : x + 64].float()

    return [
        (
            torch.stack([crop() for _ in range(count)])
            + 5 * trial * torch.randn(count, 3, 64, 64, generator=g)
        )
        .clamp(0, 255)
        .to(torch.uint8)
        for trial in [*range(1, trials + 1), 0]
    ]


def write_pngs(sets: list[torch.Tensor], root: Path) -> list[Path]:
    folders = []
    for number, images in enumerate(sets):
        folder = root / f"{number}"
        folder.mkdir(parents=True)
        for i, image in enumerate(images):
            pixels = image.permute(1, 2, 0).numpy()
            Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(
                folder / f"{i:05d}.png"
            )
        folders.append(folder)
    return folders


def timed(work) -> tuple[float, object]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def bench_trials(
    extractor: str, registered: str, sets: list[torch.Tensor], root: Path
) -> list[tuple]:
    folders = write_pngs(sets, root)
    os.environ["DIT_SCALING_CACHE"] = str(root / "cache")
    samples, real = sets[:-1], sets[-1]
    protocol = Protocol(
        samples=len(samples[0]), features=extractor, metrics=METRICS, references=("train",)
    )
    size = min(len(samples[0]) // 2, len(real) // 2, 1000)
    seconds = {"ours": [], "plain": [], "cached": []}
    references, gap = None, 0.0
    for folder, images in zip(folders, samples):

        def ours(images=images):
            nonlocal references
            references = references or {
                "train": {extractor: Reference(tensor_images("train", real), extractor)}
            }
            return {
                row["metric"]: row["value"]
                for row in measure(images, DataSpec(), protocol, references)["figures"]
            }

        def theirs(folder=folder, **cache):
            return calculate_metrics(
                input1=str(folder),
                input2=str(folders[-1]),
                cuda=False,
                fid=True,
                kid=True,
                prc=True,
                kid_subsets=50,
                kid_subset_size=size,
                rng_seed=0,
                feature_extractor=registered,
                save_cpu_ram=True,
                verbose=False,
                cache_root=str(root / "theirs"),
                **cache,
            )

        found = {}
        for name, work in (
            ("ours", ours),
            ("plain", theirs),
            ("cached", lambda: theirs(input2_cache_name="real")),
        ):
            if name != "plain" or len(samples) == TRIALS or not seconds[name]:
                taken, found[name] = timed(work)
                seconds[name].append(taken)
        gap = max(
            gap,
            *(
                abs(found["ours"][metric] - found["cached"][key]) / abs(found["cached"][key])
                for metric, key in THEIRS.items()
            ),
        )
    # The first trial makes the reference's statistics, where they are kept; the others read them.
    seconds = {
        name: taken[0] + (TRIALS - 1) * statistics.mean(taken[1:] or taken)
        for name, taken in seconds.items()
    }
    what = f"{TRIALS} trials of {len(samples[0])} images, {extractor}"
    return [
        (
            f"{what}, beside {name}",
            f"{seconds['ours']:.1f}",
            f"{seconds[name]:.1f}",
            f"{seconds[name] / seconds['ours']:.2f}",
            f"{ASKED[name]:.1f}",
            f"{gap:.0e}",
        )
        for name in ("plain", "cached")
    ]


def bench_frechet() -> tuple:
    g = torch.Generator().manual_seed(0)

    def gaussian() -> Gaussian:
        rows = torch.randn(2 * DIMENSION, DIMENSION, generator=g, dtype=torch.float64).relu()
        return Gaussian(rows.mean(0), rows.T.cov(), len(rows))

    a, reference = gaussian(), gaussian()
    assert reference.root is not None  # kept: not part of a comparison
    theirs = [{"mu": x.mean.numpy(), "sigma": x.cov.numpy()} for x in (a, reference)]
    ours = frechet_distance(a, reference)
    value = fid_statistics_to_metric(*theirs, verbose=False)["frechet_inception_distance"]
    ours_s, theirs_s = medians(
        {
            "ours": lambda: frechet_distance(a, reference),
            "theirs": lambda: fid_statistics_to_metric(*theirs, verbose=False),
        },
        3,
        warmup=0,
    ).values()
    return (
        f"Fréchet distance at {DIMENSION} dimensions",
        f"{ours_s:.1f}",
        f"{theirs_s:.1f}",
        f"{theirs_s / ours_s:.2f}",
        f"{ASKED['frechet']:.1f}",
        f"{abs(ours - value) / value:.0e}",
    )


def peak_mib(count: int) -> float:
    """The peak memory of a process that takes the moments of ``count`` rows of 2,048 features."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(count)], capture_output=True, text=True, check=True
    )
    return int(done.stdout) / 1024


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the images, for a first look"
    )
    share = 10 if parser.parse_args(arguments).quick else 1
    torch.set_num_threads(1)
    rows = [
        ("work (1 thread)", "ours s", "torch-fidelity s", "ratio", "asked", "largest relative gap")
    ]
    with tempfile.TemporaryDirectory() as root:
        rows += bench_trials(
            "digits-cnn",
            layers_of("digits-cnn").registered,
            digits(2000 // share),
            Path(root) / "digits",
        )
        register_feature_extractor("as-in-the-readme", AsInTheReadme)
        rows += bench_trials(
            "efficientnet-lite0",
            "as-in-the-readme",
            photographs(500 // share),
            Path(root) / "photographs",
        )
    rows.append(bench_frechet())
    print(table(rows))
    small, large = (peak_mib(count) for count in (4_000 // share, 16_000 // share))
    print(
        f"peak memory of moments at {DIMENSION} features: {small:.0f} MiB of {4_000 // share} "
        f"samples, {large:.0f} MiB of "
        f"{16_000 // share} (asked: no growth)"
    )


if __name__ == "__main__":
    main()
