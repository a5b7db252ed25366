"""Is what a protocol cannot measure found before anything is trained?"""

import pytest
import torch

from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.check import check_metrics, check_reference
from scaling.evaluation.metrics.clips import stacked
from scaling.study import DataSpec, Protocol
from tests.data.pictures import write_folder

NAMED = Protocol(samples=4, features="digits-cnn")


def test_a_study_of_photographs_is_refused_the_features_of_digits(tmp_path):
    write_folder(tmp_path / "photos", per_class=4, width=24, height=24)
    data = DataSpec(source="folder", name="photos", size=16, path=str(tmp_path / "photos"))
    with pytest.raises(ValueError, match="are in colour"):
        check_metrics(data, NAMED)
    check_metrics(DataSpec(source="synthetic-pixels", size=16), NAMED)


def test_a_reference_of_single_images_is_refused_for_a_distance_of_clips():
    images = tensor_images("stills", torch.zeros(9, 1, 8, 8, dtype=torch.uint8))
    reference = Reference(images, "digits-cnn")
    with pytest.raises(ValueError, match=r"clip_fd compares clips, .* stills holds single images"):
        check_reference(reference, "clip_fd", stacked("64"))
    check_reference(reference, "fid", "64")


def test_a_reference_of_one_image_has_no_covariance():
    images = tensor_images("alone", torch.zeros(1, 1, 8, 8, dtype=torch.uint8))
    with pytest.raises(ValueError, match="alone"):
        check_reference(Reference(images, "digits-cnn"), "fid", "64")
