"""Do the real images of a data set say what they are, so that statistics are theirs alone?"""

import re

import pytest

from scaling.data import DataSpec, load_data
from scaling.evaluation.images.real_images import data_images
from tests.data.listing.test_tars import png


def folder_spec(folder, size: int) -> DataSpec:
    spec = {"source": "folder", "name": "x", "path": str(folder), "size": size}
    with pytest.raises(ValueError) as error:
        load_data(DataSpec(**spec, content="unknown"))
    content = re.search(r"content (\w+) by name", str(error.value))[1]
    return DataSpec(**spec, content=content)


def test_images_of_one_content_at_two_sizes_are_told_apart(tmp_path):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.png").write_bytes(png(9, side=16))
    small, large = (folder_spec(tmp_path, size) for size in (8, 16))
    assert small.content == large.content
    seen = {
        data_images(spec, part).content for spec in (small, large) for part in ("train", "heldout")
    }
    assert len(seen) == 4
    assert data_images(small, "train").content == data_images(small.model_copy(), "train").content
