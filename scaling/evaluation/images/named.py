"""Which weights or images does a person name, to be measured or to compare with, and may they be
compared?
"""

from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from scaling.data import DataSpec, load_data
from scaling.data.listing import archive_kind
from scaling.data.listing.content import is_image
from scaling.data.listing.walk import printable
from scaling.data.several import told_of_several
from scaling.evaluation.images.npz import open_npz
from scaling.evaluation.images.read import ImageFolder, read_npy, read_npz
from scaling.evaluation.images.real_images import RealImages, data_images, npz_images, tensor_images
from scaling.evaluation.sampling.load import Loaded, load_checkpoint
from scaling.models.stored.open_weights import is_weights
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import Source
from scaling.study.specs.weights import WeightsSpec

# sources that a name alone does not determine
SIZED = ("folder", "latents", "synthetic", "synthetic-pixels", "moving-digits", "clips")
LOOKED_AT = 16  # images that are held against the reference's
DATA_SETS = tuple(source for source in get_args(Source) if source not in SIZED)


def load_target(target: Path, declared: WeightsSpec, network: Path | None) -> Loaded | None:
    """The network of a run, a checkpoint or weights; None where ``target`` is images.

    ValueError for options of weights beside images.
    """
    if is_weights(target):
        return load_checkpoint(target, declared=declared, network=network)
    if given := [*declared.given, *(["--network"] if network else [])]:
        raise ValueError(
            f"{given[0]} is said of weights, and {target} is neither a run, a checkpoint nor a "
            "file of weights"
        )
    return None


def load_images(path: Path) -> Tensor | ImageFolder:
    """The images of a folder, an archive or table, an .npy or an .npz (arr_0). ValueError for
    anything else.
    """
    if is_image_place(path):
        return ImageFolder(path)
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    if path.suffix.lower() != ".npz":
        raise ValueError(
            f"{path} is neither a folder nor an archive of images, nor an .npz or .npy of them"
            + _instead(path)
        )
    _, images = read_npz(path)
    if images is None:
        raise ValueError(
            f"{path} holds statistics but no images (arr_0); it can be a reference, not a set of "
            "samples"
        )
    return images


def is_image_place(path: Path) -> bool:
    """Whether images are read from ``path`` one by one: a folder, an archive or a table."""
    return path.is_dir() or (path.is_file() and archive_kind(path.name) is not None)


def _instead(path: Path) -> str:
    """The next step with what is at ``path`` instead of images."""
    if not path.exists():
        return ": there is no such file"
    if is_image(path.name, str(path)):
        return ": it is one image; give a folder of them"
    if path.suffix.lower() in (".pkl", ".pickle", ".pt", ".pth"):
        return ": a pickle could run code; write its mu and sigma by numpy.savez into an .npz"
    return ""


def reference_source(reference: str, crop: tuple[int, int] | None = None) -> RealImages | Path:
    """What to compare with: an .npz, a folder or an archive of images, or a data set.

    A data set is given by name, with ``:heldout`` for its held-out images. ``crop`` is the width
    and height to which the images of a folder or archive are cropped; None takes them as they are.
    """
    path = Path(reference)
    if crop and (crop[0] != crop[1] or not is_image_place(path)):
        raise ValueError(
            "transform 'center-crop' crops the images of a folder or an archive to the samples' "
            "square; got the "
            f"reference {reference} and samples of {crop[0]}x{crop[1]} pixels; set transform to "
            "none"
        )
    if path.suffix.lower() == ".npz":
        return path
    if path.suffix.lower() == ".npy" and path.is_file():
        return tensor_images(path.name, read_npy(path))
    if is_image_place(path):
        folder = ImageFolder(path, crop and crop[0])
        content = identity([crop, *folder.states()])
        told = folder.told
        if reference in DATA_SETS:
            told = f"{told or printable(reference)}; it is a folder here: for the data set of its "
            told += f"name say {reference}:train"
        return RealImages(path.name, len(folder), content, folder.read, told)
    name, _, subset = reference.partition(":")
    if name not in DATA_SETS or subset not in ("", "train", "heldout"):
        raise ValueError(
            f"--reference {reference!r} is no .npz, .npy, folder, archive or data set; data sets: "
            f"{', '.join(DATA_SETS)}, each with :heldout for its held-out images"
            + (_instead(path) if path.suffix or path.exists() else "")
        )
    real = data_images(DataSpec(source=name), subset or "train")
    return RealImages(f"{name}-{subset or 'train'}", real.count, real.content, real.read)


def images_of(source: RealImages | Path) -> RealImages:
    """The images of a ``reference_source``. ValueError for a file that holds statistics alone."""
    images = images_in(source)
    if images is None:
        raise ValueError(
            f"{source} holds statistics but no images (arr_0); it is a reference itself"
        )
    return images


def images_in(source: RealImages | Path) -> RealImages | None:
    """As ``images_of``; None for a file that holds statistics alone."""
    if isinstance(source, RealImages):
        return source
    _, images, _ = open_npz(source)
    return None if images is None else npz_images(source.name, images)


def check_reference_classes(loaded: Loaded, reference: str) -> None:
    """Refuse a data set that does not have the classes that the model draws.

    Otherwise the distance would be between classes, not between images.
    """
    name = reference.partition(":")[0]
    if (
        name in DATA_SETS
        and (classes := load_data(DataSpec(source=name)).num_classes) != loaded.spec.num_classes
    ):
        raise ValueError(
            f"{loaded.spec.name} draws {loaded.spec.num_classes} classes, the reference "
            f"{reference} has {classes}: compare with the images that it was trained on, or with a "
            "folder of those"
        )


def channels_of(images: Tensor | ImageFolder) -> int:
    """1 of grey images, 3 of RGB ones."""
    return images.shape[1] if isinstance(images, Tensor) else 1 if images.mode == "L" else 3


def check_colours(target: Path, channels: int, reference: str, source: RealImages) -> None:
    """Refuse to compare grey images with RGB ones.

    The features would tell the colours apart, not the images.
    """
    real = source.read(torch.tensor([0])).shape[1]
    if channels != real:
        kinds = {1: "grey", 3: "RGB"}
        raise ValueError(
            f"the images of {target} are {kinds[channels]}, those of the reference {reference} "
            f"{kinds[real]}: convert one of them"
        )


def other_size(source: RealImages, size: tuple[int, int]) -> str | None:
    """A warning if samples and reference images differ in size, otherwise None."""
    height, width = source.read(torch.tensor([0])).shape[2:]
    return (
        None
        if (width, height) == size
        else (
            f"samples are {size[0]}x{size[1]} pixels, reference images {width}x{height}: each is "
            "scaled for the features"
        )
    )


def same_images(images: Tensor | ImageFolder, source: RealImages) -> str | None:
    """A warning if samples are the reference's own images, as far as some of them tell."""
    if len(images) != source.count:
        return None
    rows = torch.linspace(0, source.count - 1, min(LOOKED_AT, source.count)).long()
    ours = images[rows] if isinstance(images, Tensor) else images.read(rows)
    if not torch.equal(ours, source.read(rows)):
        return None
    return (
        f"the {len(rows)} samples that were looked at are the reference's own images, in its "
        "order: compare with others"
    )


def lost_in_writing(images: Tensor | ImageFolder) -> str | None:
    """A warning if samples lost something to compression, or all frames but one; otherwise None."""
    if isinstance(images, Tensor):
        return None
    said = (_lossy(images), told_of_several(images.several), images.dark, images.spaces)
    return "; ".join(filter(None, said)) or None


def _lossy(images: ImageFolder) -> str:
    if images.palettes and not images.lossy:
        return (
            f"{len(images.palettes)} of {len(images)} samples have a palette of 256 colours at "
            "most, and colours that it lost are in the figures: write samples as PNG in RGB, .npy "
            "or .npz"
        )
    if not images.lossy:
        return ""
    return (
        f"{len(images.lossy)} of {len(images)} samples are JPEG or lossy WebP files, and what that "
        "lost is in the figures: write samples as PNG, .npy or .npz"
    )
