"""Images to learn from: sources, splits, and a deterministic order."""

from scaling.data.images import DataSet, Images, ImageSet, to_uint8
from scaling.data.loader import Loader
from scaling.data.order import batch_indices, stream
from scaling.data.sources import check_data, check_fits, load_data
from scaling.study.specs.trial import DataSpec

__all__ = [
    "DataSet",
    "DataSpec",
    "ImageSet",
    "Images",
    "Loader",
    "batch_indices",
    "check_data",
    "check_fits",
    "load_data",
    "stream",
    "to_uint8",
]
