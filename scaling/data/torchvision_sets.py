"""How are MNIST, FashionMNIST and CIFAR read? By torchvision, with the test set held out.

Where the net does not allow torchvision's download, Debian's package of FashionMNIST will do.
"""

import gzip
import shutil
from pathlib import Path

import torch
import torchvision
from filelock import FileLock

from scaling.data.images import DataSet, ImageSet
from scaling.study.specs.trial import DataSpec

SETS = {
    "mnist": "MNIST",
    "fashion-mnist": "FashionMNIST",
    "cifar10": "CIFAR10",
    "cifar100": "CIFAR100",
}
# source -> Debian's package with the same files, and the folder that it puts them into
DEBIAN = {"fashion-mnist": ("dataset-fashion-mnist", Path("/usr/share/datasets/fashion-mnist"))}


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The data set that ``spec`` names, below ``folder``: uint8, (N, 1, 28, 28) or (N, 3, 32, 32).

    If it is not there, it is taken from Debian's package or downloaded. ValueError names the
    folder, and the package, if neither is possible.
    """
    kind = getattr(torchvision.datasets, SETS[spec.source])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{spec.source}.lock"):  # only one of several processes downloads
            _unpack(spec.source, folder / SETS[spec.source] / "raw")
            parts = {split: _read(kind, folder, split == "train") for split in ("train", "heldout")}
    except (OSError, RuntimeError) as error:
        why = str(error).strip().splitlines()[0]
        package = DEBIAN[spec.source][0] if spec.source in DEBIAN else None
        raise ValueError(
            f"{SETS[spec.source]} is not in {folder} and cannot be downloaded ({why}); put "
            "torchvision's files there, or set data.path or $DIT_SCALING_DATA to where they are"
            + (f"; on Debian and Ubuntu, apt-get install {package} is enough" if package else "")
        ) from None
    sets = {}
    for split, part in parts.items():
        pixels = torch.as_tensor(part.data)
        pixels = pixels[:, None] if pixels.ndim == 3 else pixels.permute(0, 3, 1, 2)
        sets[split] = ImageSet(
            pixels.contiguous(),
            torch.as_tensor(part.targets).long(),
            spec.flip and split == "train",
        )
    names = tuple(map(str, parts["train"].classes))
    return DataSet(name=spec.source, num_classes=len(names), classes=names, **sets)


def _read(kind, folder: Path, train: bool):
    try:
        return kind(str(folder), train=train, download=False)
    except RuntimeError:  # "Dataset not found or corrupted"
        return kind(str(folder), train=train, download=True)


def _unpack(source: str, raw: Path) -> None:
    """Put the files of Debian's package, if it is installed, where torchvision looks for them.

    They are the originals, but compressed again, so torchvision's checksums refuse the .gz.
    """
    if source not in DEBIAN:
        return
    for packed in sorted(DEBIAN[source][1].glob("*-ubyte.gz")):
        file = raw / packed.stem
        if not file.exists():
            raw.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".unpacking")
            with gzip.open(packed) as compressed, open(aside, "wb") as plain:
                shutil.copyfileobj(compressed, plain)
            aside.replace(file)
