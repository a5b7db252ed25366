"""What does ADM's sFID compare? Seven channels of an Inception map, before pooling over places.

ADM's evaluator (openai/guided-diffusion, evaluations/evaluator.py) takes ``mixed_6/conv``. In
torch-fidelity's names that is the output of Mixed_6d's 1x1 branch, 17 x 17 pixels of 192 channels.
The first seven channels, in the order row, column, channel, are 2,023 numbers.
"""

from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

NAME = "inception"
POOL, SCORES, SPATIAL = "2048", "logits_unbiased", "spatial"
CHANNELS = 7


class SpatialInception(FeatureExtractorInceptionV3):
    """torch-fidelity's Inception with one more feature in the same pass, ``spatial`` (B, 2023)."""

    def __init__(self, name: str, features_list: list[str], **kwargs):
        super().__init__(name, features_list, **kwargs)
        self.Mixed_6d.branch1x1.register_forward_hook(self._keep)

    def _keep(self, module, inputs, output: Tensor) -> None:
        self._map = output[:, :CHANNELS]

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        wanted = self.features_list
        # "768" is the first layer after the map
        self.features_list = [name for name in wanted if name != SPATIAL] or ["768"]
        try:
            features = dict(zip(self.features_list, super().forward(x)))
        finally:
            self.features_list = wanted
        features[SPATIAL] = self._map.permute(0, 2, 3, 1).flatten(1).float()
        return tuple(features[name] for name in wanted)

    @staticmethod
    def get_provided_features_list():
        return (*FeatureExtractorInceptionV3.get_provided_features_list(), SPATIAL)
