"""Which images does a spec mean, and where are they on this machine?"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scaling.data.checked import check_once
from scaling.data.images import DataSet
from scaling.data.listing import file_of
from scaling.study.libraries import expanded
from scaling.study.named import named
from scaling.study.network import Network, frames_of
from scaling.study.specs.trial import DataSpec

ROOT_VARIABLE = "DIT_SCALING_DATA"
FRAMES_ARE_TOLD = "frames"  # of a check of a folder, whose marks before told nothing


@dataclass(frozen=True)
class Source:
    """How the images of a source are read, and where they are if the spec gives no path."""

    load: Callable[[Path, DataSpec], DataSet]
    folder: Callable[[DataSpec], str]  # below the data root
    latents: bool = False  # a VAE's latents rather than images


def _digits(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data import digits

    return digits.load()


def _torchvision(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data import torchvision_sets

    return torchvision_sets.load(folder, spec)


def _folder(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data import folder as images

    return images.load(folder, spec)


def _latents(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data.latents import read as latents
    from scaling.data.latents import shipped

    if shipped.makes(spec):
        from scaling.data.latents import built_in  # diffusers takes seconds to import

        built_in.make(folder, spec, lambda: load_data(DataSpec(source=spec.name)))
    return latents.load(folder, spec)


def _synthetic(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data import synthetic

    return synthetic.load(folder, spec)


def _synthetic_pixels(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data import synthetic

    return synthetic.pixels(spec)


def _moving_digits(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data.clips import moving_digits

    return moving_digits.load(spec)


def _clips(folder: Path, spec: DataSpec) -> DataSet:
    from scaling.data.clips import folder as clips

    return clips.load(folder, spec)


def _store_name(spec: DataSpec) -> str:
    clip = f"-{spec.frames}f" if spec.has_clips else ""
    return f"{spec.name}-{spec.size}{clip}-{spec.vae.rstrip('/').rpartition('/')[2]}"


def _synthetic_name(spec: DataSpec) -> str:
    shape = [spec.size, spec.width, spec.frames and f"{spec.frames}f"]
    return "-".join(("synthetic", *(str(part) for part in shape if part)))


SOURCES: dict[str, Source] = {
    "digits": Source(_digits, lambda spec: "digits"),
    "mnist": Source(_torchvision, lambda spec: "torchvision"),
    "fashion-mnist": Source(_torchvision, lambda spec: "torchvision"),
    "cifar10": Source(_torchvision, lambda spec: "torchvision"),
    "cifar100": Source(_torchvision, lambda spec: "torchvision"),
    "folder": Source(_folder, lambda spec: spec.name),
    "latents": Source(_latents, _store_name, latents=True),
    "synthetic": Source(_synthetic, _synthetic_name, latents=True),
    "synthetic-pixels": Source(_synthetic_pixels, lambda spec: "synthetic-pixels"),
    "moving-digits": Source(_moving_digits, lambda spec: "moving-digits"),
    "clips": Source(_clips, lambda spec: spec.name),
}
LATENT_SOURCES = tuple(name for name, source in SOURCES.items() if source.latents)


def data_root() -> Path:
    """The root of all data without a path of its own: $DIT_SCALING_DATA, or ./data."""
    return Path(os.environ.get(ROOT_VARIABLE) or "data")


def place(spec: DataSpec) -> Path:
    """The folder of the spec's data on this machine, whether it exists or not."""
    if spec.path is not None:
        return expanded(spec.path)
    return data_root() / named(SOURCES, spec.source, "data source").folder(spec)


def load_data(spec: DataSpec) -> DataSet:
    """The images that ``spec`` means.

    ValueError says what is missing or does not fit the spec, where, and what to do.
    """
    return named(SOURCES, spec.source, "data source").load(place(spec), spec)


def check_data(spec: DataSpec) -> str | None:
    """Refuse data that would fail during training.

    That is damaged shards, and images that are missing, cut off or smaller than the crop. It reads
    a whole latent store; of a folder it reads every image's header and decodes up to 20,000 images,
    and of clips every frame.
    Data is read once, and again if a file's length or time of change is different. Returns what was
    found and left out, where files were looked for.
    """
    data, folder = load_data(spec), place(spec)
    if spec.source == "latents":
        from scaling.data.latents.store import check_store, shard_files

        files = shard_files(folder)
        check_once(lambda: check_store(folder), folder, files, list(files.values()))
    if spec.source == "folder":
        from scaling.data.folder import check_images

        paths, home = [*data.train.paths, *data.heldout.paths], data.train.folder
        said = check_once(
            lambda: check_images(home, paths, spec.size, spec.upscale),
            home,
            dict.fromkeys(map(file_of, paths)),
            spec.size,
            spec.upscale,
            FRAMES_ARE_TOLD,
        )
        return "; ".join(filter(None, (data.told, said)))
    if spec.source == "clips":
        from scaling.data.clips.folder import check_clips, files_in

        files = files_in([*data.train.pieces, *data.heldout.pieces])
        crop = (spec.size, spec.width or spec.size)
        check_once(lambda: check_clips(folder, files, *crop), folder, files, *crop)
    return data.told


def check_fits(model: Network, spec: DataSpec) -> None:
    """Refuse a model whose input does not have the data's shape. ValueError names both shapes."""
    data = load_data(spec)
    want = (data.num_classes, *data.train.shape)
    have = (model.num_classes, *model.input_shape)
    takes, holds = frames_of(model), math.prod(data.train.shape[1:-2])
    if takes != holds:
        kinds = [
            f"clips of {frames} frames" if frames > 1 else "images" for frames in (takes, holds)
        ]
        raise ValueError(
            f"{model.name} takes {kinds[0]}, but {spec.source} has {kinds[1]}; set model.frames to "
            f"{holds}" + (", in a family that has it" if "frames" not in dict(model) else "")
        )
    if data.num_classes == 1 and model.num_classes > 1:
        raise ValueError(
            f"{model.name} learns {model.num_classes} classes, and {spec.title} has none; set "
            "model.num_classes to 1, and leave evaluate.protocol.guidance at 1"
        )
    if want != have:
        raise ValueError(
            f"{model.name} takes (classes, channels, {'frames, ' * (holds > 1)}height, width) = "
            f"{have}, "
            f"but {spec.source} has {want}; set model.num_classes, model.channels or "
            "model.input_size"
        )
