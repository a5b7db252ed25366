"""Which features compare digits? Those of a small classifier of scikit-learn's digits.

Inception was made for 299-pixel photographs; for 8-pixel digits a classifier of those digits says
more. It is registered with torch-fidelity. Its Fréchet distance is always labelled "digits-cnn" and
never passed off as an Inception FID. The weights ship beside this file, and ``python -m
scaling.evaluation.features.train_digits_cnn`` trains them again.
"""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch_fidelity import FeatureExtractorBase

NAME = "digits-cnn"
WEIGHTS = Path(__file__).with_name("digits_cnn.safetensors")
FEATURES = "64"  # the pooled activations before the classifier, of dimension 64
LOGITS = "logits"


class DigitsCnn(nn.Module):
    """Three convolutions, a mean over pixels, ten classes.

    (B, 1, 8, 8) in [-1, 1] to features (B, 64) and logits (B, 10).
    """

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 32, 3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv3 = nn.Conv2d(64, 64, 3, padding=1)
        self.classify = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = torch.relu(self.conv1(x))  # (B, 32, 8, 8)
        x = torch.max_pool2d(torch.relu(self.conv2(x)), 2)  # (B, 64, 4, 4)
        features = torch.relu(self.conv3(x)).mean((2, 3))  # (B, 64)
        return features, self.classify(features)


class DigitsCnnExtractor(FeatureExtractorBase):
    """``DigitsCnn`` as a torch-fidelity extractor.

    It takes square uint8 images of 8 pixels a side, grey (B, 1, 8, 8) or grey stored as RGB (B, 3,
    8, 8). Larger ones are averaged down to that, such as MNIST's of 28; of a side that is no
    multiple of 8 the averaged regions overlap by a pixel.
    """

    def __init__(self, name: str, features_list: list[str], **kwargs):
        super().__init__(name, features_list)
        self.net = DigitsCnn()
        self.net.load_state_dict(load_file(WEIGHTS))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        if images.dtype != torch.uint8 or images.shape[2] != images.shape[3] or images.shape[2] < 8:
            raise ValueError(
                f"{NAME} takes uint8 images of 8x8 pixels, or larger squares to be averaged down "
                f"to them, got {images.dtype} {tuple(images.shape)}"
            )
        # an 8x8 image stays as it is
        grey = torch.nn.functional.adaptive_avg_pool2d(images.float().mean(1, keepdim=True), 8)
        features, logits = self.net(grey / 127.5 - 1.0)
        by_name = {FEATURES: features, LOGITS: logits}
        return tuple(by_name[name] for name in self.features_list)

    @staticmethod
    def get_provided_features_list():
        return FEATURES, LOGITS

    @staticmethod
    def get_default_feature_layer_for_metric(metric):
        return {"isc": LOGITS, "fid": FEATURES, "kid": FEATURES, "prc": FEATURES}[metric]

    @staticmethod
    def can_be_compiled():
        return True

    @staticmethod
    def get_dummy_input_for_compile():
        return torch.zeros((1, 1, 8, 8), dtype=torch.uint8)
