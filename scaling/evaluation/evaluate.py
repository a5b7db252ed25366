"""How good are images from any source? ``scaling evaluate``.

It compares a folder, an .npz or a checkpoint's samples with a data set, a folder or an .npz.
"""

import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from scaling.data import DataSpec
from scaling.evaluation.asked import OF_IMAGES, checked_protocol, protocol_asked
from scaling.evaluation.features.suits import check_suits, misfit
from scaling.evaluation.images.named import (
    channels_of,
    check_colours,
    check_reference_classes,
    images_in,
    images_of,
    load_images,
    load_target,
    lost_in_writing,
    other_size,
    reference_source,
    same_images,
)
from scaling.evaluation.images.read import ImageFolder
from scaling.evaluation.images.write_reference import check_target, write_reference
from scaling.evaluation.metrics.against import other_images, seen_by
from scaling.evaluation.metrics.check import check_reference
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.metrics.table import check_metric, spaces_of
from scaling.evaluation.sampling.drawn import sampled, sampled_size
from scaling.evaluation.sampling.samples import image_channels
from scaling.models.stored.open_weights import is_weights
from scaling.study.network import frames_of
from scaling.study.settings import parse_settings
from scaling.study.specs.usual_features import usual_features
from scaling.study.specs.weights import WeightsSpec


def run(
    target: Path,
    reference: str | None,
    settings: Iterable[str] = (),
    as_json: bool = False,
    declared: WeightsSpec | None = None,
    network: Path | None = None,
    write: Path | None = None,
) -> str:
    """The metrics of ``target`` against ``reference``, as a table or as JSON.

    ``declared`` and ``network``, a user's file, are of a checkpoint's weights, as for
    ``load_checkpoint``. ``write`` is a file for the statistics of the reference; without a
    reference, only those of ``target``, images or a data set, are written. ValueError names the
    file or value at fault.
    """
    if write is not None:
        check_target(write)
    if reference is None:
        if write is None:
            raise ValueError(
                "say what to compare with, as --reference digits, a folder or an .npz; or keep the "
                f"statistics of {target} by --write-reference FILE.npz"
            )
        return write_alone(target, settings, write)
    said = parse_settings(settings, "--protocol")
    data = None if Path(reference).exists() else reference.partition(":")[0]
    loaded = load_target(target, declared or WeightsSpec(), network)
    images = None if loaded else load_images(target)
    protocol = protocol_asked(said, target, data, loaded or images)
    frames = frames_of(loaded.spec) if loaded else 1
    for metric in protocol.metrics:
        check_metric(metric, frames, f"the samples of {target}")
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
    real_images = images_in(source)
    if real_images is not None and protocol.transform == "none":
        check_colours(
            target,
            image_channels(loaded, protocol) if loaded else channels_of(images),
            reference,
            real_images,
        )
    other = other_images(reference, protocol)
    references = {source.name: seen_by(source, protocol)}
    others = None if other is None else seen_by(other, protocol)
    for metric in protocol.metrics:
        for extractor, layer in spaces_of(metric, protocol):
            check_reference(references[source.name][extractor], metric, layer)
    if write is not None:
        written = write_reference(images_of(source), protocol, write)
    with sampled(target, loaded, protocol) if loaded else contextlib.nullcontext(images) as images:
        rows = measure(images, DataSpec(), protocol, references, others)["figures"]
        tell(images, source)
    misfits = {
        extractor: misfit(extractor, lambda real=real: real.source, data)
        for extractor, real in references[source.name].items()
        if real.source is not None
    }
    scaled = None if real_images is None else other_size(real_images, size)
    count = f" ({protocol.reference_images})" if protocol.reference_images else ""
    cropped = ", center-crop" if protocol.transform == "center-crop" else ""
    same = None if loaded or real_images is None else same_images(images, real_images)
    for row in rows:
        named = protocol.label(row["metric"], made_by=loaded and loaded.vae, clips=frames > 1)
        label = named.rpartition(", vs ")[0]
        if not loaded:  # how the images were sampled is not known
            label = f"{label.partition(',')[0]}, {row['features']}"
        row["label"] = f"{label}, vs {source.name}{count}{cropped}"
        lossy = None if loaded else lost_in_writing(images)
        unfit = (misfits.get(features) for features in row["features"].split(" + "))
        warnings = (row["warning"], scaled, same, lossy, *unfit)
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
    said_last = [*([written] if write is not None else ()), *(loaded.said if loaded else ())]
    return "\n".join([*(_line(row) for row in rows), *said_last])


def write_alone(target: Path, settings: Iterable[str], write: Path) -> str:
    """Write the statistics of ``target``: a folder or an .npz of images, or a data set."""
    target = Path(target)
    if target.exists() and is_weights(target):
        raise ValueError(
            f"{target} is a checkpoint, and a reference is of real images: name a folder or an .npz"
        )
    data = None if target.exists() else str(target).partition(":")[0]
    given = {"features": usual_features(data or "folder")} | parse_settings(settings, "--protocol")
    protocol = checked_protocol(given)
    if protocol.transform != "none":
        raise ValueError(
            f"transform {protocol.transform!r} crops to the size of samples: give these as the "
            "TARGET and the folder as --reference"
        )
    source = images_of(reference_source(str(target)))
    check_suits(protocol.features, lambda: source, data)
    return write_reference(source, protocol, write)


def _line(row: dict) -> str:
    value = "none" if row["value"] is None else f"{row['value']:.6g}"
    error = "" if row["se"] is None else f" ± {row['se']:.2g}"
    return f"{row['label']}: {value}{error}" + "".join(
        f" ({row[k]})" for k in ("why", "warning") if row[k]
    )


def tell(*sets: object) -> None:
    """Say which files of folders were left out, beside the figures rather than among them."""
    for told in filter(None, (getattr(images, "told", None) for images in sets)):
        print(told, file=sys.stderr)
