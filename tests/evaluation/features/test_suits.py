"""Do features follow the data, and are a digit's features refused for a photograph?"""

import json

import numpy as np
import pytest
import torch

from scaling.evaluation import evaluate
from scaling.evaluation.features.suits import check_suits
from scaling.evaluation.images.real_images import tensor_images
from scaling.study.specs.usual_features import usual_features


def grey(count: int, channels: int, side: int = 8) -> torch.Tensor:
    g = torch.Generator().manual_seed(0)
    images = torch.randint(256, (count, 1, side, side), generator=g, dtype=torch.uint8)
    return images.repeat(1, channels, 1, 1)


def test_the_features_of_digits_are_refused_for_images_in_colour():
    check_suits("digits-cnn", lambda: tensor_images("grey", grey(20, 1)))
    check_suits("digits-cnn", lambda: tensor_images("grey as RGB", grey(20, 3)))
    jpeg = grey(20, 3) // 2
    jpeg[:, 0] += 2  # as a JPEG's colours may be off
    check_suits("digits-cnn", lambda: tensor_images("grey JPEGs", jpeg))
    one = grey(20, 3)
    one[19, 0] = 255 - one[19, 0]  # a single image in colour
    with pytest.raises(ValueError, match=r"the images of one are in colour: .*leave features out"):
        check_suits("digits-cnn", lambda: tensor_images("one", one))
    check_suits("vgg16", lambda: tensor_images("one", one))


@pytest.mark.parametrize(
    ("features", "source", "fits"),
    [
        ("digits-cnn", "mnist", True),
        ("digits-cnn", "fashion-mnist", False),
        ("fashion-cnn", "fashion-mnist", True),
        ("fashion-mixer", "fashion-mnist", True),
        ("fashion-mixer", "mnist", False),
    ],
)
def test_a_data_set_known_by_name_is_not_looked_at(features, source, fits):
    images = lambda: tensor_images(source, grey(4, 1, 28))  # noqa: E731
    if fits:
        check_suits(features, images, source)
    else:
        told = (
            f"and {source} has none of them.*leave features out, which is {usual_features(source)}"
        )
        with pytest.raises(ValueError, match=told):
            check_suits(features, images, source)


def test_evaluate_takes_the_features_of_the_reference(tmp_path):
    np.savez(tmp_path / "samples.npz", arr_0=grey(30, 1).permute(0, 2, 3, 1).numpy())
    metrics = ['metrics=["fid"]']
    found = json.loads(evaluate.run(tmp_path / "samples.npz", "digits", metrics, as_json=True))
    assert found["figures"][0]["features"] == "digits-cnn"
    colours = torch.randint(256, (30, 8, 8, 3), dtype=torch.uint8).numpy()
    np.savez(tmp_path / "colour.npz", arr_0=colours)
    asked = (tmp_path / "colour.npz", str(tmp_path / "colour.npz"))
    told = evaluate.run(*asked, [*metrics, "features=digits-cnn"])
    assert "features 'digits-cnn' know grey digits alone" in told
