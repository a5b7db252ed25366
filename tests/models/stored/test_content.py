"""Is a file of weights known whatever it is called, and is what is none said to be that?"""

import zipfile

import pytest
import torch
from safetensors.torch import save_file

from scaling.models.stored.content import is_weights_file
from tests.models import golden
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import opened
from tests.models.test_weights import refusal


@pytest.mark.parametrize("name", ["c.pth.tar", "c.pt.zip", "C.PT", "c.pkl", "checkpoint-50000"])
def test_the_name_of_a_file_does_not_matter(tmp_path, name):
    for save in (torch.save, save_file):
        save(golden.weights(), tmp_path / name)
        assert states_equal(opened(tmp_path / name).state, golden.weights())


def test_what_is_no_weights_is_told_from_it(tmp_path):
    with zipfile.ZipFile(tmp_path / "images.npz", "w") as file:
        file.writestr("arr_0.npy", b"")
    (tmp_path / "model.gguf").write_bytes(b"GGUF" + bytes(99))
    (tmp_path / "model.json.txt").write_text(99 * '{"a": 1}')
    for name in ("images.npz", "model.gguf", "model.json.txt"):
        assert not is_weights_file(tmp_path / name)
        assert "neither manifest.json" in refusal(opened, tmp_path / name)
    torch.save({"a": 1}, tmp_path / "old", _use_new_zipfile_serialization=False)
    assert is_weights_file(tmp_path / "old")


def test_a_page_and_a_script_are_called_what_they_are(tmp_path):
    (tmp_path / "c.pt").write_text("<!DOCTYPE html>")
    assert "it is a page of HTML or XML; get it again" in refusal(opened, tmp_path / "c.pt")
    with zipfile.ZipFile(tmp_path / "script.pt", "w") as file:
        file.writestr("script/code/__torch__.py", "")
        file.writestr("script/data.pkl", b"")
    assert "is a TorchScript archive" in refusal(opened, tmp_path / "script.pt")
