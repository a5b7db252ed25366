"""How good are images from any source? ``scaling evaluate``.

It compares a folder, an .npz or a checkpoint's samples with a data set, a folder or an .npz.
"""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import torch
from filelock import FileLock
from pydantic import ValidationError
from torch import Tensor

from scaling.data import DataSpec, load_data
from scaling.evaluation.compared import layer_of
from scaling.evaluation.generate import check_sampling, generate
from scaling.evaluation.images import ImageFolder, read_npy, read_npz
from scaling.evaluation.load import Loaded, digest, load_checkpoint
from scaling.evaluation.metrics import measure
from scaling.evaluation.parts import Parts
from scaling.evaluation.reference import RealImages, Reference, data_images
from scaling.evaluation.samples import PART, image_channels
from scaling.evaluation.suits import misfit
from scaling.models.stored.open_weights import is_weights
from scaling.records.cache import cache_folder
from scaling.study.identity import identity
from scaling.study.protocol import Protocol
from scaling.study.settings import explain, parse_settings
from scaling.study.spec import Source
from scaling.study.usual_features import usual_features
from scaling.study.weights_spec import WeightsSpec

# sources that a name alone does not determine
SIZED = ("folder", "latents", "synthetic", "synthetic-pixels")
DATA_SETS = tuple(source for source in get_args(Source) if source not in SIZED)
# the fields of a protocol that apply to any images, however they were made
OF_IMAGES = {"samples", "features", "reference_images", "manifold_images", "transform", "metrics"}


def run(
    target: Path,
    reference: str,
    settings: Iterable[str] = (),
    as_json: bool = False,
    told: WeightsSpec | None = None,
    network: Path | None = None,
) -> str:
    """The metrics of ``target`` against ``reference``, as a table or as JSON.

    ``told`` and ``network``, a user's file, are of a checkpoint's weights, as for
    ``load_checkpoint``. ValueError names the file or value at fault.
    """
    said = parse_settings(settings, "--protocol")
    data = None if Path(reference).exists() else reference.partition(":")[0]
    given = {
        "features": usual_features(data or "folder"),
        "metrics": ["fid", "kid", "precision", "recall"],
    } | said
    loaded = load_target(target, told or WeightsSpec(), network)
    check_heeded(said, target, sampled=loaded is not None)
    images = None if loaded else load_images(target)
    tell(images)
    if loaded:
        flow = loaded.diffusion.objective == "flow"
        given = {"sampler": "euler" if flow else "ddpm", "decoder": loaded.vae} | given
    elif given.setdefault("samples", max(2, len(images))) != max(2, len(images)):
        raise ValueError(
            f"{target} holds {len(images)} images, the protocol says {given['samples']} samples: "
            "leave samples out"
        )
    try:
        protocol = Protocol(**given)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    if not protocol.metrics:
        raise ValueError(
            "the protocol names no metric; leave metrics out, or name some, as metrics='[\"fid\"]'"
        )
    size = (
        sampled_size(loaded, protocol)
        if loaded
        else (
            images.size if isinstance(images, ImageFolder) else (images.shape[3], images.shape[2])
        )
    )
    source = reference_source(reference, size if protocol.transform == "center-crop" else None)
    if loaded:
        check_reference_classes(loaded, reference)
    if isinstance(source, RealImages) and protocol.transform == "none":
        check_colours(
            target,
            image_channels(loaded, protocol) if loaded else channels_of(images),
            reference,
            source,
        )
    references = {
        source.name: {
            extractor: Reference(source, extractor, protocol.reference_images, protocol.transform)
            for extractor in {layer_of(metric, protocol)[0] for metric in protocol.metrics}
        }
    }
    with sampled(target, loaded, protocol) if loaded else contextlib.nullcontext(images) as images:
        rows = measure(images, DataSpec(), protocol, references)["figures"]
    misfits = {
        extractor: misfit(extractor, lambda real=real: real.source, data)
        for extractor, real in references[source.name].items()
        if real.source is not None
    }
    scaled = None if isinstance(source, Path) else other_size(source, size)
    count = f" ({protocol.reference_images})" if protocol.reference_images else ""
    cropped = ", center-crop" if protocol.transform == "center-crop" else ""
    for row in rows:
        label = protocol.label(row["metric"], made_by=loaded and loaded.vae).rpartition(", vs ")[0]
        if not loaded:  # how the images were sampled is not known
            label = f"{label.partition(',')[0]}, {row['features']}"
        row["label"] = f"{label}, vs {source.name}{count}{cropped}"
        lossy = None if loaded else lost_in_writing(images)
        warnings = (row["warning"], scaled, lossy, misfits.get(row["features"]))
        row["warning"] = "; ".join(filter(None, warnings)) or None
    if as_json:
        return json.dumps(
            {
                "target": str(target),
                "reference": reference,
                "protocol": protocol.model_dump(
                    mode="json", exclude={"references"}, include=None if loaded else OF_IMAGES
                ),
                "weights": list(loaded.said) if loaded else None,
                "figures": rows,
            },
            indent=1,
            allow_nan=False,
        )
    return "\n".join([*(_line(row) for row in rows), *(loaded.said if loaded else ())])


def _line(row: dict) -> str:
    value = "none" if row["value"] is None else f"{row['value']:.6g}"
    error = "" if row["se"] is None else f" ± {row['se']:.2g}"
    return f"{row['label']}: {value}{error}" + "".join(
        f" ({row[k]})" for k in ("why", "warning") if row[k]
    )


def load_target(target: Path, told: WeightsSpec, network: Path | None) -> Loaded | None:
    """The network of a run, a checkpoint or weights; None where ``target`` is images.

    ValueError for options of weights beside images.
    """
    if is_weights(target):
        return load_checkpoint(target, told=told, network=network)
    if given := [*told.given, *(["--network"] if network else [])]:
        raise ValueError(
            f"{given[0]} is said of weights, and {target} is neither a run, a checkpoint nor a "
            "file of weights"
        )
    return None


def check_heeded(said: dict, target: Path, sampled: bool) -> None:
    """Refuse fields of the protocol that nothing here would heed."""
    if "references" in said:
        raise ValueError("--protocol references: say what to compare with by --reference")
    idle = [name for name in said if name in Protocol.model_fields and name not in OF_IMAGES]
    if idle and not sampled:
        raise ValueError(
            f"--protocol {idle[0]} is of sampling, and {target} holds images already: leave it out"
        )
    of_guidance = [name for name in ("guidance_channels", "guidance_interval") if said.get(name)]
    if of_guidance and said.get("guidance", 1.0) == 1.0:
        raise ValueError(f"--protocol {of_guidance[0]} without guidance: nothing would be guided")


def sampled_size(loaded: Loaded, protocol: Protocol) -> tuple[int, int]:
    """Width and height of a checkpoint's samples. ValueError for sampling it does not allow."""
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    image_channels(loaded, protocol)
    side = loaded.spec.input_size
    if protocol.decoder:
        from scaling.data.vae import load_vae, pixels_per_latent  # seconds of imports

        side *= pixels_per_latent(load_vae(protocol.decoder))
    return side, side


@contextlib.contextmanager
def sampled(checkpoint: Path, loaded: Loaded, protocol: Protocol) -> Iterator[Parts]:
    """A checkpoint's samples under ``protocol``, kept in the cache until they are measured.

    After a kill, the same request continues with the samples drawn so far. A second process with
    the same request waits. ValueError if some samples are not finite.
    """
    asked = {
        "model": loaded.spec.identity_fields(),
        "weights": digest(loaded.model),
        "diffusion": loaded.diffusion.identity_fields(),
        "protocol": protocol.identity_fields(exclude=OF_IMAGES - {"samples"}),
    }
    parts = Parts(cache_folder("samples") / identity(asked), protocol.samples, PART)
    loaded.model.to("cuda" if torch.cuda.is_available() else "cpu")

    def draw(rows: range) -> tuple[Tensor, int]:
        images, _, nonfinite = generate(loaded.model, loaded.spec, loaded.diffusion, protocol, rows)
        return images, nonfinite

    parts.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(parts.folder.with_suffix(".lock")):
        parts.begin(asked)
        parts.draw(draw)
        if nonfinite := parts.nonfinite:
            parts.clear()
            raise ValueError(
                f"{nonfinite} of {len(parts)} samples of {checkpoint} are not finite: nothing to "
                "measure"
            )
        yield parts
        parts.clear()


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


def tell(images: Tensor | ImageFolder | None) -> None:
    """Say which files of a folder were left out, beside the figures rather than among them."""
    if isinstance(images, ImageFolder) and images.told:
        print(images.told, file=sys.stderr)


def lost_in_writing(images: Tensor | ImageFolder) -> str | None:
    """A warning if samples were compressed with loss, otherwise None."""
    if isinstance(images, Tensor) or not images.lossy:
        return None
    return (
        f"{len(images.lossy)} of {len(images)} samples are JPEG or lossy WebP files, and what that "
        "lost is in the figures: write samples as PNG, .npy or .npz"
    )


def load_images(path: Path) -> Tensor | ImageFolder:
    """The images of a folder, an .npy or an .npz (arr_0). ValueError for anything else."""
    if path.is_dir():
        return ImageFolder(path)
    if path.suffix == ".npy":
        return read_npy(path)
    if path.suffix != ".npz":
        raise ValueError(
            f"{path} is neither a folder of images nor an .npz or .npy of them"
            + ("" if path.exists() else ": there is no such file")
        )
    _, images = read_npz(path)
    if images is None:
        raise ValueError(
            f"{path} holds statistics but no images (arr_0); it can be a reference, not a set of "
            "samples"
        )
    return images


def reference_source(reference: str, crop: tuple[int, int] | None = None) -> RealImages | Path:
    """What to compare with: an .npz, a folder of images, or a data set.

    A data set is given by name, with ``:heldout`` for its held-out images. ``crop`` is the width
    and height to which a folder's images are cropped; None takes them as they are.
    """
    path = Path(reference)
    if crop and (crop[0] != crop[1] or not path.is_dir()):
        raise ValueError(
            "transform 'center-crop' crops the images of a folder to the samples' square; got the "
            f"reference {reference} and samples of {crop[0]}x{crop[1]} pixels; set transform to "
            "none"
        )
    if path.suffix == ".npz":
        return path
    if path.is_dir():
        folder = ImageFolder(path, crop and crop[0])
        tell(folder)
        content = identity(
            [
                crop,
                [
                    [str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns]
                    for file in folder.files
                ],
            ]
        )
        return RealImages(path.name, len(folder), content, folder.read)
    name, _, subset = reference.partition(":")
    if name not in DATA_SETS or subset not in ("", "train", "heldout"):
        raise ValueError(
            f"--reference {reference!r} is not an .npz, a folder or a data set; data sets: "
            f"{', '.join(DATA_SETS)}, each with :heldout for its held-out images"
        )
    real = data_images(DataSpec(source=name), subset or "train")
    return RealImages(f"{name}-{subset or 'train'}", real.count, real.content, real.read)
