"""Are statistics that no images have refused, and sound ones used as they are?"""

import numpy as np
import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.evaluation import evaluate
from scaling.evaluation.features.passes import features_of
from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.frechet import frechet_distance
from scaling.evaluation.metrics.statistics import checked_gaussian

D = 64
EYE, MU = np.eye(D), np.zeros(D)


def digits(count: int) -> torch.Tensor:
    return load_data(DataSpec()).train.uint8[:count]


def features(images: torch.Tensor) -> np.ndarray:
    return features_of(images, "digits-cnn", ("64",))["64"].double().numpy()


def statistics(images: torch.Tensor) -> dict:
    rows = features(images)
    return {"mu": rows.mean(0), "sigma": np.cov(rows, rowvar=False)}


def pixels(images: torch.Tensor) -> np.ndarray:
    return images.permute(0, 2, 3, 1).numpy()


def with_one(array: np.ndarray, place, value) -> np.ndarray:
    array = array.copy()
    array[place] = value
    return array


@pytest.mark.parametrize(
    ("mu", "sigma", "says"),
    [
        (with_one(MU, 3, np.nan), EYE, "1 numbers of mu and 0 of sigma are not finite"),
        (MU, with_one(EYE, (2, 2), np.inf), "0 numbers of mu and 1 of sigma are not finite"),
        (MU, with_one(EYE, (0, 5), 0.5), "sigma is not symmetric, by up to 0.5"),
        (MU, with_one(EYE, (7, 7), -0.2), "no covariance: its eigenvalues go from -0.2 to 1"),
        (MU, -EYE, "no covariance: its eigenvalues go from -1 to -1"),
        (MU, 0 * EYE, "sigma is zero, as of one image"),
        (MU[:10], EYE[:10, :10], "statistics of 10 features, but 'digits-cnn' has 64"),
        (MU, EYE[:10], r"mu is \(64,\) and sigma \(10, 64\)"),
        (MU[None], EYE, r"mu is \(1, 64\) and sigma \(64, 64\)"),
        (np.float64(0), np.float64(1), r"mu is \(\) and sigma \(\)"),
        (MU.astype("S1"), EYE, r"mu is .S1, no real numbers"),
    ],
)
def test_what_is_no_mean_and_covariance_is_refused_before_anything(tmp_path, mu, sigma, says):
    np.savez(tmp_path / "ref.npz", mu=mu, sigma=sigma)
    np.savez(tmp_path / "samples.npz", arr_0=pixels(digits(70)))
    asked = ["features=digits-cnn", 'metrics=["fid"]']
    with pytest.raises(ValueError, match=says) as error:
        evaluate.run(tmp_path / "samples.npz", str(tmp_path / "ref.npz"), asked)
    assert "\n" not in str(error.value) and "ref.npz" in str(error.value)


def test_sound_statistics_give_the_distance_to_their_images(tmp_path):
    """In float32, and with images or some of them beside them, as ADM's are."""
    expected = Reference(tensor_images("all", digits(900)), "digits-cnn").gaussian("64")
    known = statistics(digits(900))
    samples = Reference(tensor_images("samples", digits(1433)[900:]), "digits-cnn").gaussian("64")
    for name, arrays in (
        ("float64", known),
        ("float32", {name: array.astype(np.float32) for name, array in known.items()}),
        ("all", {**known, "arr_0": pixels(digits(900))}),
        ("some", {**known, "arr_0": pixels(digits(900)[::9])}),
        ("a few", {**known, "arr_0": pixels(digits(900)[::200])}),
    ):
        np.savez(tmp_path / "ref.npz", **arrays)
        found = Reference(tmp_path / "ref.npz", "digits-cnn").gaussian("64")
        assert frechet_distance(samples, found) == pytest.approx(
            frechet_distance(samples, expected), rel=1e-4
        ), name


def test_statistics_that_the_images_beside_them_cannot_have_are_refused(tmp_path):
    other = statistics(255 - digits(900))
    wide = statistics(digits(900))
    for arrays in (other, {**wide, "sigma": 9 * wide["sigma"]}, {**wide, "mu": wide["mu"] + 1}):
        np.savez(tmp_path / "ref.npz", **arrays, arr_0=pixels(digits(900)))
        with pytest.raises(
            ValueError, match=r"ref\.npz contradicts itself: the mean of its images"
        ):
            Reference(tmp_path / "ref.npz", "digits-cnn").gaussian("64")


def test_a_singular_covariance_gives_its_distance_and_says_how_few_images_it_is_of(tmp_path):
    np.savez(tmp_path / "ref.npz", **statistics(digits(20)))
    np.savez(tmp_path / "samples.npz", arr_0=pixels(digits(400)))
    asked = ["features=digits-cnn", 'metrics=["fid"]']
    told = evaluate.run(tmp_path / "samples.npz", str(tmp_path / "ref.npz"), asked)
    expected = frechet_distance(
        Reference(tensor_images("s", digits(400)), "digits-cnn").gaussian("64"),
        Reference(tensor_images("r", digits(20)), "digits-cnn").gaussian("64"),
    )
    assert float(told.split(": ")[1].split()[0]) == pytest.approx(expected, rel=1e-4)
    assert "20 reference images do not span 64 features" in told


def test_one_image_is_no_reference(tmp_path):
    np.savez(tmp_path / "one.npz", arr_0=pixels(digits(1)))
    np.savez(tmp_path / "samples.npz", arr_0=pixels(digits(10)))
    with pytest.raises(ValueError, match="has 1 image, which has no covariance"):
        evaluate.run(tmp_path / "samples.npz", str(tmp_path / "one.npz"), ["features=digits-cnn"])


@pytest.mark.parametrize("extractor, refused", [("inception", True), ("digits-cnn", False)])
def test_a_scatter_matrix_is_no_covariance_of_features_whose_range_is_known(
    tmp_path, extractor, refused
):
    rows = np.random.default_rng(0).uniform(0, 2, (2000, D))
    covariance = np.cov(rows, rowvar=False)

    def checked(sigma):
        arrays = {"mu": rows.mean(0), "sigma": sigma}
        return checked_gaussian(tmp_path / "r.npz", arrays, "", D, extractor)

    assert torch.allclose(checked(covariance).cov, torch.from_numpy(covariance))
    if refused:
        with pytest.raises(ValueError, match=r"variances are 6\d\d in the mean.*divided by the n"):
            checked(covariance * 1999)
    else:
        checked(covariance * 1999)
