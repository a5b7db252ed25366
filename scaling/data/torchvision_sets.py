"""How are MNIST, FashionMNIST and CIFAR read? By torchvision, with the test set held out."""

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


def load(folder: Path, spec: DataSpec) -> DataSet:
    """The data set that ``spec`` names, below ``folder``: uint8, (N, 1, 28, 28) or (N, 3, 32, 32).

    It is downloaded if it is not there. ValueError names the folder if that is not possible.
    """
    kind = getattr(torchvision.datasets, SETS[spec.source])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{spec.source}.lock"):  # only one of several processes downloads
            parts = {split: _read(kind, folder, split == "train") for split in ("train", "heldout")}
    except (OSError, RuntimeError) as error:
        why = str(error).strip().splitlines()[0]
        raise ValueError(
            f"{SETS[spec.source]} is not in {folder} and cannot be downloaded ({why}); put "
            "torchvision's files there, or set data.path or $DIT_SCALING_DATA to where they are"
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
