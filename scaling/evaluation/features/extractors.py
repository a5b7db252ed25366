"""Which network turns images into features, at which layers, and what is it made for?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from torch_fidelity.feature_extractor_clip import MODEL_METADATA, MODEL_URLS
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY, register_feature_extractor

from scaling.evaluation.features import dinov2, efficientnet, inception
from scaling.evaluation.features.grey.extractor import LOGITS, GreyExtractor
from scaling.evaluation.features.grey.shipped import GREY
from scaling.study.named import named
from scaling.study.specs.measured import ClipFeatures, Dinov2Features
from scaling.study.specs.usual_features import OWN_FEATURES

VGG16_FILE = "vgg16-397923af.pth"
DINOV2_HOST = "https://dl.fbaipublicfiles.com/dinov2"


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


def _grey(network: type[GreyExtractor]) -> Extractor:
    return Extractor(
        Layers(network.NAME, network.FEATURES, LOGITS),
        network,
        file=lambda: network.WEIGHTS,
        takes_grey=True,
        knows=network.KNOWS,
        sources=frozenset(data for data, usual in OWN_FEATURES.items() if usual == network.USUAL),
    )


EXTRACTORS: dict[str, Extractor] = {
    **{name: _grey(network) for name, network in GREY.items()},
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
    **{name: _dinov2(name) for name in get_args(Dinov2Features)},
    **{name: _clip(name) for name in get_args(ClipFeatures)},
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
