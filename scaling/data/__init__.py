"""Images to learn from: sources, splits and a deterministic order."""

from scaling.data.images import DataSet, ImageSet, to_uint8
from scaling.data.order import batch_indices, stream
from scaling.study.spec import DataSpec, ModelSpec

__all__ = ["DataSet", "ImageSet", "batch_indices", "check_fits", "load_data", "stream", "to_uint8"]


def load_data(spec: DataSpec) -> DataSet:
    """The images ``spec`` names."""
    from scaling.data import digits
    return {"digits": digits.load}[spec.source]()


def check_fits(model: ModelSpec, spec: DataSpec) -> None:
    """Refuse a model whose input is not the data's shape. ValueError names both shapes."""
    data = load_data(spec)
    want = (data.num_classes, *data.train.images.shape[1:])
    have = (model.num_classes, model.channels, model.input_size, model.input_size)
    if want != have:
        raise ValueError(f"{model.name} takes (classes, channels, height, width) = {have}, "
                         f"but {spec.source} has {want}; set model.num_classes, model.channels or model.input_size")
