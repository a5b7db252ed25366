"""Does EfficientNet-Lite0 know photographs, and scale them as torch-fidelity does?"""

import torch
from sklearn.datasets import load_sample_images
from torch_fidelity.interpolate_compat_tensorflow import interpolate_bilinear_2d_like_tensorflow1x

from scaling.evaluation.features import efficientnet
from scaling.evaluation.features.passes import features_of

IMAGES = torch.randint(
    0, 256, (24, 3, 12, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)


def test_efficientnet_knows_a_dahlia_from_a_palace():
    """scikit-learn's two photographs, by ImageNet's classes: 698 is palace, 985 daisy, its nearest
    to a dahlia.
    """
    palace, flower = (
        torch.from_numpy(image.copy()).permute(2, 0, 1)[:, :, 100:527]
        for image in load_sample_images().images
    )
    scores = features_of(torch.stack([palace, flower]), "efficientnet-lite0", ("1280", "logits"))[
        "logits"
    ]
    top = scores.topk(2).indices.tolist()
    assert 698 in top[0] and 985 in top[1]


def test_efficientnets_scaling_is_torch_fidelitys():
    scaling = efficientnet._scaling(12)
    theirs = interpolate_bilinear_2d_like_tensorflow1x(
        IMAGES.float(), size=(224, 224), align_corners=False
    )
    assert torch.allclose(scaling @ IMAGES.float() @ scaling.T, theirs, atol=1e-3)
