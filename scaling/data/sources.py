"""Which images does a spec name, and where are they on this machine?"""

import os
from pathlib import Path

from scaling.data.checked import check_once
from scaling.data.images import DataSet
from scaling.study.spec import DataSpec, ModelSpec

LATENT_SOURCES = ("latents", "synthetic")
ROOT_VARIABLE = "DIT_SCALING_DATA"


def data_root() -> Path:
    """Where data lies that a spec gives no path for: $DIT_SCALING_DATA, or ``data`` in the working
    folder.
    """
    return Path(os.environ.get(ROOT_VARIABLE) or "data")


def place(spec: DataSpec) -> Path:
    """The folder of the spec's data on this machine, whether it exists or not."""
    if spec.path is not None:
        return Path(spec.path).expanduser()
    if spec.source == "latents":
        return data_root() / f"{spec.name}-{spec.size}-{spec.vae.rstrip('/').rpartition('/')[2]}"
    return data_root() / {"folder": spec.name, "synthetic": f"synthetic-{spec.size}"}.get(
        spec.source, "torchvision"
    )


def load_data(spec: DataSpec) -> DataSet:
    """The images ``spec`` names. ValueError says what is missing or does not fit the spec, where,
    and what to do.
    """
    if spec.source == "digits":
        from scaling.data import digits

        return digits.load()
    if spec.source == "synthetic":
        from scaling.data import synthetic

        return synthetic.load(place(spec), spec)
    if spec.source == "synthetic-pixels":
        from scaling.data import synthetic

        return synthetic.pixels(spec)
    if spec.source == "folder":
        from scaling.data import folder

        return folder.load(place(spec), spec)
    if spec.source == "latents":
        from scaling.data import latents

        return latents.load(place(spec), spec)
    from scaling.data import torchvision_sets

    return torchvision_sets.load(place(spec), spec)


def check_data(spec: DataSpec) -> None:
    """Refuse data that would fail once training runs: damaged shards, images smaller than the crop,
    cut off or none at all.

    Reads all of a latent store; of a folder the head of every image, and all of up to 20,000. Once:
    again where a file's length or time of change is another.
    """
    data, folder = load_data(spec), place(spec)
    if spec.source == "latents":
        from scaling.data.store import check_store, shard_files

        files = shard_files(folder)
        check_once(lambda: check_store(folder), folder, files, list(files.values()))
    if spec.source == "folder":
        from scaling.data.folder import check_images

        paths = [*data.train.paths, *data.heldout.paths]
        check_once(
            lambda: check_images(folder, paths, spec.size, spec.upscale),
            folder,
            paths,
            spec.size,
            spec.upscale,
        )


def check_fits(model: ModelSpec, spec: DataSpec) -> None:
    """Refuse a model whose input is not the data's shape. ValueError names both shapes."""
    data = load_data(spec)
    want = (data.num_classes, *data.train.shape)
    have = (model.num_classes, model.channels, model.input_size, model.input_size)
    if want != have:
        raise ValueError(
            f"{model.name} takes (classes, channels, height, width) = {have}, "
            f"but {spec.source} has {want}; set model.num_classes, model.channels or "
            "model.input_size"
        )
