"""Does a spec name its data, wherever it lies, and is a model of another shape refused?"""

from pathlib import Path

import pytest

from scaling.data import DataSpec, check_fits
from scaling.data.sources import place
from scaling.study import ModelSpec


def test_a_model_of_another_shape_is_refused_with_both_shapes():
    model = ModelSpec(
        input_size=16, channels=3, patch=2, width=16, depth=1, heads=2, num_classes=10
    )
    with pytest.raises(ValueError, match=r"\(10, 3, 16, 16\).*\(10, 1, 8, 8\)"):
        check_fits(model, DataSpec())


def test_data_lies_at_its_path_or_by_name_below_the_root(monkeypatch):
    monkeypatch.setenv("DIT_SCALING_DATA", "/root-of-data")
    given = DataSpec(source="folder", name="toy", size=32, path="~/pictures")
    assert place(given) == Path.home() / "pictures"
    latents = {"source": "latents", "name": "toy", "size": 256, "vae": "stabilityai/sd-vae-ft-mse/"}
    for fields, folder in (
        (latents, "toy-256-sd-vae-ft-mse"),
        ({"source": "folder", "name": "toy", "size": 32}, "toy"),
        ({"source": "synthetic", "size": 64}, "synthetic-64"),
        ({"source": "mnist"}, "torchvision"),
    ):
        assert place(DataSpec(**fields)) == Path("/root-of-data", folder)
    monkeypatch.delenv("DIT_SCALING_DATA")
    assert place(DataSpec(source="mnist")) == Path("data", "torchvision")
