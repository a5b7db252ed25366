"""How good are images that anyone made? A folder, an .npz or a checkpoint's samples against a data set, folder or .npz."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from pydantic import ValidationError
from torch import Tensor

from scaling.data import DataSpec
from scaling.evaluation.generate import check_sampling, generate
from scaling.evaluation.images import ImageFolder, read_npz
from scaling.evaluation.load import load_checkpoint
from scaling.evaluation.metrics import layer_of, measure
from scaling.evaluation.reference import RealImages, Reference, data_images
from scaling.study.base import identity
from scaling.study.protocol import Protocol
from scaling.study.settings import explain, parse_settings
from scaling.study.spec import Source


def run(target: Path, reference: str, settings: Iterable[str] = (), as_json: bool = False) -> str:
    """The figures of ``target`` against ``reference`` as a table or JSON. ValueError names the file or value at fault."""
    source = reference_source(reference)
    given = {"features": "inception", "metrics": ["fid", "kid", "precision", "recall"]} | parse_settings(settings)
    checkpoint = is_checkpoint(target)
    images = None if checkpoint else load_images(target)
    if images is not None and given.setdefault("samples", max(2, len(images))) != max(2, len(images)):
        raise ValueError(f"{target} holds {len(images)} images, the protocol says {given['samples']} samples: leave that out")
    try:
        protocol = Protocol(**given)
    except ValidationError as error:
        raise ValueError(explain(error)) from None
    if checkpoint:
        images = sampled(target, protocol)
    name = source.name
    references = {name: {extractor: Reference(source, extractor, protocol.reference_images, protocol.transform)
                         for extractor in {layer_of(metric, protocol)[0] for metric in protocol.metrics}}}
    rows = measure(images, DataSpec(), protocol, references)["figures"]
    for row in rows if not checkpoint else ():  # how the images were sampled is not known here
        row["label"] = f"{protocol.label(row['metric'], name).partition(',')[0]}, {row['features']}, vs {name}"
    if as_json:
        return json.dumps({"target": str(target), "figures": rows}, indent=1, allow_nan=False)
    return "\n".join(_line(row) for row in rows)


def _line(row: dict) -> str:
    value = "none" if row["value"] is None else f"{row['value']:.6g}"
    error = "" if row["se"] is None else f" ± {row['se']:.2g}"
    return f"{row['label']}: {value}{error}" + "".join(f" ({row[k]})" for k in ("why", "warning") if row[k])


def is_checkpoint(path: Path) -> bool:
    """Whether ``path`` is a run, a checkpoint folder or a file of weights, rather than images."""
    marks = ("manifest.json", "config.json", "checkpoints", "transformer")
    return path.suffix in (".pt", ".safetensors") or any((path / mark).exists() for mark in marks)


def sampled(checkpoint: Path, protocol: Protocol) -> Tensor:
    """Samples of a checkpoint under ``protocol``: uint8 (N, C, H, W). ValueError for sampling that it cannot give."""
    loaded = load_checkpoint(checkpoint)
    check_sampling(loaded.spec, loaded.diffusion, protocol, loaded.label_dropout)
    images, _, nonfinite = generate(loaded.model, loaded.spec, loaded.diffusion, protocol)
    if nonfinite:
        raise ValueError(f"{nonfinite} of {len(images)} samples of {checkpoint} are not finite; there is nothing to measure")
    return images


def load_images(path: Path) -> Tensor | ImageFolder:
    """The images of a folder or an .npz (arr_0)."""
    if path.is_dir():
        return ImageFolder(path)
    if path.suffix != ".npz":
        raise ValueError(f"{path} is neither a folder of images nor an .npz of them"
                         + ("" if path.exists() else ": there is no such file"))
    _, images = read_npz(path)
    if images is None:
        raise ValueError(f"{path} holds statistics but no images (arr_0); it can be a reference, not a set of samples")
    return images


def reference_source(reference: str) -> RealImages | Path:
    """What to compare with: an .npz, a folder of images, or a data set's name with ``:heldout`` for its held-out images."""
    path = Path(reference)
    if path.suffix == ".npz":
        return path
    if path.is_dir():
        folder = ImageFolder(path)
        content = identity([[str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for file in folder.files])
        return RealImages(path.name, len(folder), content, folder.read)
    name, _, subset = reference.partition(":")
    known = [source for source in get_args(Source) if source not in ("folder", "latents", "synthetic")]
    if name not in known or subset not in ("", "train", "heldout"):
        raise ValueError(f"--reference {reference!r} is no .npz, no folder and no data set; data sets: {', '.join(known)}, "
                         "each with :heldout for its held-out images")
    found = data_images(DataSpec(source=name), subset or "train")
    return RealImages(f"{name}-{subset or 'train'}", found.count, found.content, found.read)

