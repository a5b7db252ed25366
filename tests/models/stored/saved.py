"""What do tests of stored weights share? The golden model as others save it."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from scaling.models.formats.diffusers import WEIGHTS
from scaling.models.stored.open_weights import open_weights
from scaling.study.specs.weights import WeightsSpec
from tests.models import golden

THREE = {"heads": 3, "null": "last"}


def opened(path, **told):
    return open_weights(path, WeightsSpec(**{**THREE, **told}))


def prefixed(prefix: str, state=None) -> dict:
    return {prefix + name: value for name, value in (state or golden.weights()).items()}


def raw(offset=1.0) -> dict:
    return {name: value + offset for name, value in golden.weights().items()}


def hub_folder(exported, folder: Path, parts: dict[str, list[str]], config: dict) -> dict:
    """The golden model in diffusers' layout: file name -> its entries; config entries changed."""
    from safetensors.torch import load_file

    folder.mkdir(parents=True)
    told = json.loads((exported / "diffusers" / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**told, **config}))
    state = load_file(exported / "diffusers" / WEIGHTS)
    for name, entries in parts.items():
        chosen = {k: v for k, v in state.items() if any(k.startswith(e) for e in entries)}
        save = save_file if name.endswith("safetensors") else torch.save
        save(chosen, folder / name)
    return state
