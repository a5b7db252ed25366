"""Which network turns images into features, and where are its weights?

Weights that come with no package are looked for in $DIT_SCALING_WEIGHTS, then in torch's cache, and
are otherwise downloaded into that cache. A set of features is identified by its name and by the
content of its weights.
"""

import functools
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_clip import MODEL_METADATA, MODEL_URLS
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor
from torch_fidelity.utils import create_feature_extractor

from scaling.evaluation.features import dinov2, efficientnet, inception
from scaling.evaluation.features.digits_cnn import DigitsCnnExtractor
from scaling.evaluation.features.digits_mixer import DigitsMixerExtractor
from scaling.evaluation.features.fashion.cnn import FashionCnnExtractor
from scaling.evaluation.features.fashion.mixer import FashionMixerExtractor
from scaling.evaluation.features.grey import LOGITS, GreyExtractor
from scaling.models.stored.state_dicts import check_finite
from scaling.study.named import named

WEIGHTS_VARIABLE = "DIT_SCALING_WEIGHTS"
INSTEAD = (
    "or set features (--set evaluate.protocol.features=NAME in a sweep, --protocol features=NAME "
    "in scaling evaluate) to efficientnet-lite0 (pip install 'dit-scaling[efficientnet]') or, for "
    "digits alone, digits-cnn, for Fashion-MNIST alone, fashion-cnn, which come with their weights"
)


VGG16_FILE = "vgg16-397923af.pth"
DINOV2_HOST = "https://dl.fbaipublicfiles.com/dinov2"
DINOV2 = tuple(f"dinov2-vit-{size}-14" for size in "sblg")
CLIP = (
    "clip-rn50",
    "clip-rn101",
    "clip-rn50x4",
    "clip-rn50x16",
    "clip-rn50x64",
    "clip-vit-b-32",
    "clip-vit-b-16",
    "clip-vit-l-14",
    "clip-vit-l-14-336px",
)


@dataclass(frozen=True)
class Layers:
    """A registered extractor's name, and the layers used: pooled, class scores, spatial."""

    registered: str
    features: str
    scores: str | None = None
    spatial: str | None = None


@dataclass(frozen=True)
class Extractor:
    """A network that gives features: its layers, and where its weights are.

    ``network`` is the class to register with torch-fidelity; None if torch-fidelity has it already.
    The weights are either a ``file`` that comes with a package, or a file name and the address to
    download it from.
    """

    layers: Layers
    network: type | None = None
    file: Callable[[], Path] | None = None
    name_and_address: tuple[str, str] | None = None
    takes_grey: bool = False  # whether it takes a single channel
    knows: str | None = None  # the only images that it knows, in words; None: photographs
    sources: frozenset[str] = frozenset()  # the data sources that have such images


def _dinov2(name: str) -> Extractor:
    short = name.replace("dinov2-vit-", "dinov2_vit").replace("-14", "14")
    file = f"{short}_pretrain.pth"
    return Extractor(
        Layers(f"local-{name}", dinov2.LAYER),
        dinov2.LocalDinoV2,
        name_and_address=(file, f"{DINOV2_HOST}/{short}/{file}"),
    )


def _clip(name: str) -> Extractor:
    file = f"{name}-{MODEL_METADATA[name]['hash']}.pt"
    return Extractor(Layers(name, "clip"), name_and_address=(file, MODEL_URLS[name]))


# what classifiers of grey images know, and which data sources have such images; noise counts as
# digits, so that a trial run downloads nothing
DIGITS = (
    "grey digits",
    frozenset({"digits", "mnist", "moving-digits", "synthetic", "synthetic-pixels"}),
)
CLOTHES = "the grey clothes of Fashion-MNIST", frozenset({"fashion-mnist"})


def _grey(network: type[GreyExtractor], of: tuple[str, frozenset[str]]) -> Extractor:
    knows, sources = of
    return Extractor(
        Layers(network.NAME, network.FEATURES, LOGITS),
        network,
        file=lambda: network.WEIGHTS,
        takes_grey=True,
        knows=knows,
        sources=sources,
    )


EXTRACTORS: dict[str, Extractor] = {
    DigitsCnnExtractor.NAME: _grey(DigitsCnnExtractor, DIGITS),
    DigitsMixerExtractor.NAME: _grey(DigitsMixerExtractor, DIGITS),
    FashionCnnExtractor.NAME: _grey(FashionCnnExtractor, CLOTHES),
    FashionMixerExtractor.NAME: _grey(FashionMixerExtractor, CLOTHES),
    inception.NAME: Extractor(
        Layers("inception-v3-spatial", inception.POOL, inception.SCORES, inception.SPATIAL),
        inception.SpatialInception,
        name_and_address=(URL_INCEPTION_V3.rpartition("/")[2], URL_INCEPTION_V3),
    ),
    efficientnet.NAME: Extractor(
        Layers(efficientnet.NAME, efficientnet.POOL, efficientnet.SCORES),
        efficientnet.EfficientNetLite0,
        file=efficientnet.weights_file,
    ),
    "vgg16": Extractor(
        Layers("vgg16", "fc2_relu"),
        name_and_address=(VGG16_FILE, f"https://download.pytorch.org/models/{VGG16_FILE}"),
    ),
    **{name: _dinov2(name) for name in DINOV2},
    **{name: _clip(name) for name in CLIP},
}


def extractor_of(name: str) -> Extractor:
    """The extractor that a protocol calls ``name``; ValueError lists the known ones."""
    return named(EXTRACTORS, name, "features")


def layers_of(name: str) -> Layers:
    """The layers of the extractor called ``name``, which is registered if it is ours."""
    extractor = extractor_of(name)
    registered = extractor.layers.registered
    if extractor.network is not None and registered not in FEATURE_EXTRACTORS_REGISTRY:
        register_feature_extractor(registered, extractor.network)
    return extractor.layers


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
    if given and not Path(given).expanduser().is_dir():
        raise ValueError(
            f"${WEIGHTS_VARIABLE} is {given}, which is no folder; the weights {file} of features "
            f"{name!r} are looked for in it"
        )
    for folder in ([Path(given).expanduser()] if given else []) + [cache]:
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


@functools.lru_cache(maxsize=4)
def _network(name: str, layers: tuple[str, ...], weights: Path, identity: str) -> nn.Module:
    try:
        made = create_feature_extractor(
            layers_of(name).registered,
            list(layers),
            cuda=torch.cuda.is_available(),
            verbose=False,
            feature_extractor_weights_path=str(weights),
        )
    except Exception as error:  # pickle, zip, torch.jit and shapes each raise their own class
        why = " ".join(str(error).split())[:160]
        raise ValueError(
            f"{weights} cannot be read as weights of {name!r} ({why}); get it again"
        ) from None
    check_finite(made.state_dict(), f"{name}, {weights}")
    return made


def network(name: str, layers: tuple[str, ...]) -> nn.Module:
    """torch-fidelity's extractor ``name`` with outputs ``layers``, on the GPU if there is one.

    ValueError as ``weights_of``.
    """
    return _network(name, layers, weights_of(name), weights_identity(name))


@torch.no_grad()
def features_of(images: Tensor, name: str, layers: tuple[str, ...]) -> dict[str, Tensor]:
    """Features (B, D) by layer, on the CPU, of a batch of uint8 images (B, C, H, W).

    Grey images become three equal channels, unless the extractor takes grey ones.
    """
    net = network(name, layers)
    if images.shape[1] == 1 and not extractor_of(name).takes_grey:
        images = images.expand(-1, 3, -1, -1)
    if torch.cuda.is_available():
        images = images.cuda()
    return {
        layer: features.cpu()
        for layer, features in net.convert_features_tuple_to_dict(net(images)).items()
    }
