"""How are MNIST, FashionMNIST and CIFAR read? By torchvision, with the test set held out.

Where the net does not allow torchvision's download, Debian's package of FashionMNIST will do.
"""

import gzip
import os
import shutil
import tempfile
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
    folder, and the package, if neither is possible; then nothing was written.
    """
    kind = getattr(torchvision.datasets, SETS[spec.source])
    try:
        if not all(_is_there(kind, folder, train) for train in (True, False)):
            _download(kind, folder, spec.source)
        parts = {split: kind(str(folder), train=split == "train") for split in ("train", "heldout")}
    except (OSError, RuntimeError) as error:
        why = (str(error).strip().splitlines() or [type(error).__name__])[0]
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


def _is_there(kind, folder: Path, train: bool) -> bool:
    try:
        kind(str(folder), train=train, download=False)
    except RuntimeError:  # "Dataset not found or corrupted"
        return False
    return True


def _download(kind, folder: Path, source: str) -> None:
    """Get both splits into ``folder``, at once where all of it came, or not at all."""
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / f".{source}.lock"
    try:
        # Only one of several processes downloads; the others find the files.
        with FileLock(lock), tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as part:
            if not all(_is_there(kind, folder, train) for train in (True, False)):
                for name in _names(kind):
                    _link(folder / name, Path(part, name))
                _unpack(source, Path(part, kind.__name__, "raw"))
                for train in (True, False):
                    kind(part, train=train, download=True)
                shutil.copytree(part, folder, dirs_exist_ok=True, copy_function=os.replace)
    finally:
        lock.unlink(missing_ok=True)
        for place in made:
            if not any(place.iterdir()):
                place.rmdir()


def _link(there: Path, here: Path) -> None:
    """Have what a person has put ``there``, such as archives not yet unpacked, ``here`` too."""
    if there.is_dir():
        shutil.copytree(there, here, dirs_exist_ok=True, copy_function=os.link)
    elif there.exists():
        os.link(there, here)


def _names(kind) -> tuple[str, ...]:
    """What torchvision's set has in its folder: CIFAR an archive and a folder, MNIST a folder."""
    return (kind.filename, kind.base_folder) if hasattr(kind, "filename") else (kind.__name__,)


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
            with gzip.open(packed) as compressed, open(file, "wb") as plain:
                shutil.copyfileobj(compressed, plain)
