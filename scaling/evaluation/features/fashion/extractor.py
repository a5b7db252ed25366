"""How does a small classifier of Fashion-MNIST become a torch-fidelity extractor?"""

from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch_fidelity import FeatureExtractorBase

SIDE, CLASSES = 28, 10
LOGITS = "logits"


class FashionExtractor(FeatureExtractorBase):
    """The base of both: grey images in, pooled activations and class scores out.

    It takes square uint8 images of 28 pixels a side, grey (B, 1, 28, 28) or grey stored as RGB (B,
    3, 28, 28). Larger ones are averaged down to that.
    """

    NAME: ClassVar[str]
    FEATURES: ClassVar[str]  # the layer's name, its dimension as digits
    NET: ClassVar[type[nn.Module]]  # (B, 1, 28, 28) in [-1, 1] to features (B, D), logits (B, 10)
    WEIGHTS: ClassVar[Path]

    def __init__(self, name: str, features_list: list[str], **kwargs):
        super().__init__(name, features_list)
        self.net = self.NET()
        self.net.load_state_dict(load_file(self.WEIGHTS))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        height, width = images.shape[2:]
        if images.dtype != torch.uint8 or height != width or height < SIDE:
            raise ValueError(
                f"{self.NAME} takes uint8 images of {SIDE}x{SIDE} pixels, or larger squares to be "
                f"averaged down to them, got {images.dtype} {tuple(images.shape)}"
            )
        grey = nn.functional.adaptive_avg_pool2d(images.float().mean(1, keepdim=True), SIDE)
        features, logits = self.net(grey / 127.5 - 1.0)
        by_name = {self.FEATURES: features, LOGITS: logits}
        return tuple(by_name[name] for name in self.features_list)

    @classmethod
    def get_provided_features_list(cls):
        return cls.FEATURES, LOGITS

    @classmethod
    def get_default_feature_layer_for_metric(cls, metric):
        return {"isc": LOGITS, "fid": cls.FEATURES, "kid": cls.FEATURES, "prc": cls.FEATURES}[
            metric
        ]

    @staticmethod
    def can_be_compiled():
        return True

    @staticmethod
    def get_dummy_input_for_compile():
        return torch.zeros((1, 1, SIDE, SIDE), dtype=torch.uint8)
