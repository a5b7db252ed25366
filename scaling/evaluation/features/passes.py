"""What does an extractor give for a batch of images?"""

import functools
from pathlib import Path

import torch
from torch import Tensor, nn
from torch_fidelity.utils import create_feature_extractor

from scaling.evaluation.features.extractors import extractor_of, layers_of
from scaling.evaluation.features.weights import weights_identity, weights_of
from scaling.models.stored.state_dicts import check_finite


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
