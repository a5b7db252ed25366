"""How does a small classifier of grey images become a torch-fidelity extractor?"""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch_fidelity import FeatureExtractorBase

LOGITS = "logits"


class GreyExtractor(FeatureExtractorBase):
    """The base: grey images in, pooled activations and class scores out.

    It takes square uint8 images of SIDE pixels a side, grey (B, 1, SIDE, SIDE) or grey stored as
    RGB (B, 3, SIDE, SIDE). Larger ones are averaged down to that, oblong ones squeezed; of a side
    that is no multiple of SIDE the averaged regions overlap by a pixel.
    """

    NAME: ClassVar[str]
    KNOWS: ClassVar[str]  # the only images that it knows, in words
    USUAL: ClassVar[str]  # the usual features of data that has such images, as in usual_features
    FEATURES: ClassVar[str]  # the layer's name, its dimension as digits
    SIDE: ClassVar[int]  # pixels
    # (B, 1, SIDE, SIDE) in [-1, 1] to features (B, D) and logits (B, classes)
    NET: ClassVar[Callable[[], nn.Module]]
    WEIGHTS: ClassVar[Path]

    def __init__(self, name: str, features_list: list[str], **kwargs):
        super().__init__(name, features_list)
        self.net = type(self).NET()
        self.net.load_state_dict(load_file(self.WEIGHTS))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        side, (height, width) = self.SIDE, images.shape[2:]
        if images.dtype != torch.uint8 or min(height, width) < side:
            raise ValueError(
                f"{self.NAME} takes uint8 images of {side}x{side} pixels, or larger ones to be "
                f"averaged down to them, got {images.dtype} {tuple(images.shape)}"
            )
        # an image of that side stays as it is
        grey = nn.functional.adaptive_avg_pool2d(images.float().mean(1, keepdim=True), side)
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

    @classmethod
    def get_dummy_input_for_compile(cls):
        return torch.zeros((1, 1, cls.SIDE, cls.SIDE), dtype=torch.uint8)
