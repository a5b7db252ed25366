"""Which autoencoders come with the suite? Small ones of scikit-learn's digits, made by ``train``.

Their names say factor and channels: of ``digits-f2c4``, a latent pixel stands for 2 x 2 pixels and
has 4 channels. All see the same images for the same number of steps.
"""

from pathlib import Path

from scaling.study.specs.data import FIXED_SIZES, DataSpec

FOLDER = Path(__file__).parent
SHIPPED: dict[str, tuple[int, int]] = {  # name -> factor, channels
    "digits-f2c2": (2, 2),
    "digits-f2c4": (2, 4),
    "digits-f2c8": (2, 8),
    "digits-f4c16": (4, 16),
}


def makes(spec: DataSpec) -> bool:
    """Whether the store of ``spec`` is made when it is missing: its autoencoder is shipped, and its
    images are a data set of the suite.
    """
    return spec.path is None and spec.vae in SHIPPED and spec.name in FIXED_SIZES
