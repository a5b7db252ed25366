"""What is a set of images compared with: by each extractor, and by FDr, the other split?"""

import pytest
import torch

from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.metrics.against import other_images, seen_by
from scaling.study import Protocol

FDR = Protocol(metrics=("fid", "fdr"), features="digits-cnn", spaces=("digits-mixer",))


def test_each_extractor_sees_the_images_that_the_protocol_asks_for():
    images = tensor_images("noise", torch.zeros(20, 1, 8, 8, dtype=torch.uint8))
    seen = seen_by(images, FDR.model_copy(update={"reference_images": 12}))
    assert set(seen) == {"digits-cnn", "digits-mixer"}
    assert all(name == found.extractor and found.count == 12 for name, found in seen.items())
    assert set(seen_by(images, Protocol(features="digits-cnn"))) == {"digits-cnn"}


def test_fdr_compares_with_the_split_that_the_reference_is_not():
    held, train = other_images("digits", FDR), other_images("digits:heldout", FDR)
    assert other_images("digits:train", FDR).name == held.name != train.name
    assert (len(held.first(None)), len(train.first(None))) == (364, 1433)  # of 1,797
    assert other_images("digits", Protocol(metrics=("fid",))) is None


@pytest.mark.parametrize("name", ["samples.npz", "there"])
def test_one_set_of_images_has_no_other_split(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    with pytest.raises(ValueError, match=rf"and {name} is one set of images: leave fdr out of met"):
        other_images(name, FDR)
