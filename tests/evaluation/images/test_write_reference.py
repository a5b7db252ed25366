"""Is a written reference the one that it was written from, here and for ADM's evaluator?"""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.data import DataSpec, load_data
from scaling.evaluation import evaluate

FEATURES = ["features=digits-cnn"]


@pytest.fixture
def work(tmp_path):
    digits = load_data(DataSpec())
    (tmp_path / "real").mkdir()
    for i, image in enumerate(digits.train.uint8[:150]):
        Image.fromarray(image[0].numpy()).save(tmp_path / "real" / f"{i:03d}.png")
    samples = digits.heldout.uint8[:100].permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "samples.npz", arr_0=samples)
    return tmp_path


def values(work, reference: str, *more: str) -> dict:
    found = json.loads(evaluate.run(work / "samples.npz", reference, [*FEATURES, *more], True))
    return {row["metric"]: row["value"] for row in found["figures"]}


def test_the_file_gives_the_figures_of_the_images(work, capsys):
    file = str(work / "ref.npz")
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(work / "real"), "--write-reference", file, "--protocol", FEATURES[0]])
    assert stop.value.code == 0
    assert "mu, sigma of 150 images of real on digits-cnn, 150 of them" in capsys.readouterr().out
    assert values(work, file) == pytest.approx(values(work, str(work / "real")), rel=1e-6)
    with np.load(file, allow_pickle=False) as arrays:  # as ADM's evaluator opens it
        assert arrays["mu"].shape == (64,) and arrays["sigma"].shape == (64, 64)
        assert arrays["arr_0"].shape == (150, 8, 8, 1)
        by = json.loads(str(arrays["computed_by"]))
    assert (by["features"], by["images"], by["source"]) == ("digits-cnn", 150, "real")


def test_of_many_images_some_are_kept_and_the_statistics_are_of_all(work):
    told = evaluate.run("digits", None, [*FEATURES, "manifold_images=100"], write=work / "d.npz")
    assert "1433 images of digits-train on digits-cnn, 100 of them kept as arr_0" in told
    fid = values(work, str(work / "d.npz"), 'metrics=["fid"]')
    assert fid == pytest.approx(values(work, "digits", 'metrics=["fid"]'), rel=1e-6)


def test_beside_an_evaluation_the_references_statistics_are_written(work):
    told = evaluate.run(work / "samples.npz", str(work / "real"), FEATURES, write=work / "both.npz")
    assert told.splitlines()[-1].startswith(f"{work / 'both.npz'}: mu, sigma of 150 images of real")


def test_another_extractors_file_is_refused_by_name(work):
    evaluate.run(work / "real", None, FEATURES, write=work / "ref.npz")
    with np.load(work / "ref.npz") as arrays:
        stored = dict(arrays)
    by = json.loads(str(stored["computed_by"])) | {"weights": "0" * 16}
    np.savez(work / "other.npz", **stored | {"computed_by": np.array(json.dumps(by))})
    with pytest.raises(ValueError, match=r"another extractor, digits-cnn \(weights 0000"):
        values(work, str(work / "other.npz"))


def test_inceptions_file_is_read_as_adms_evaluator_reads_it(work, monkeypatch):
    """By digits-cnn with a second layer, as Inception's weights may not be here. The evaluator
    takes the images out of the zip in parts, then the statistics by their four names.
    """
    from scaling.evaluation.features.extractors import layers_of
    from scaling.evaluation.features.passes import features_of
    from scaling.evaluation.images import write_reference as module

    layers = replace(layers_of("digits-cnn"), spatial="logits")
    monkeypatch.setattr(module, "layers_of", lambda name: layers)
    for path in sorted((work / "real").iterdir()):
        Image.open(path).convert("RGB").save(path)
    evaluate.run(work / "real", None, FEATURES, write=work / "s.npz")
    with zipfile.ZipFile(work / "s.npz") as archive, archive.open("arr_0.npy") as file:
        assert np.lib.format.read_magic(file) == (1, 0)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        assert (shape, fortran, dtype) == ((150, 8, 8, 3), False, np.uint8)
        first = np.frombuffer(file.read(8 * 8 * 3), dtype).reshape(shape[1:])
    assert np.array_equal(first, np.asarray(Image.open(work / "real" / "000.png")))
    stored = np.load(work / "s.npz")  # without pickles
    assert "mu" in list(stored.keys())
    shapes = {"mu": (64,), "sigma": (64, 64), "mu_s": (10,), "sigma_s": (10, 10)}
    for name, shape in shapes.items():
        assert (stored[name].shape, stored[name].dtype) == (shape, np.float64), name
    # numpy's mean and covariance of the images' features, as it computes those of samples
    images = torch.from_numpy(stored["arr_0"]).permute(0, 3, 1, 2)
    features = features_of(images, "digits-cnn", (layers.features,))[layers.features]
    features = features.double().numpy()
    assert np.allclose(stored["mu"], features.mean(0), atol=1e-5)
    assert np.allclose(stored["sigma"], np.cov(features, rowvar=False), atol=1e-5)


@pytest.mark.parametrize(
    ("target", "out", "says"),
    [
        ("real", "ref.txt", "must end in .npz"),
        ("real", "samples.npz", "exists; remove it"),
        ("real", "none/ref.npz", "there is no folder"),
        ("nothing", "ref.npz", "is no .npz, .npy, folder, archive or data set"),
    ],
)
def test_what_cannot_be_written_is_refused_first(work, target, out, says):
    with pytest.raises(ValueError, match=says):
        evaluate.run(work / target, None, FEATURES, write=work / out)


def test_without_a_reference_and_a_file_the_next_step_is_told(work, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(work / "real")])
    assert stop.value.code == 2
    assert "say what to compare with, as --reference digits" in capsys.readouterr().err
