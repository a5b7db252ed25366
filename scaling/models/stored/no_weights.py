"""What is in a path where no weights were found, and which way leads on?"""

from pathlib import Path

from scaling.models.formats.diffusers import CONFIG
from scaling.models.stored.content import SUFFIXES, is_weights_file
from scaling.models.stored.files import IN_FOLDERS, NOT_WEIGHTS

MANIFEST = "manifest.json"
LOOKED_AT = 10_000  # files below a folder
DISTRIBUTED = ".metadata"  # of torch.distributed.checkpoint's folders
DEEPSPEED = "zero_to_fp32.py"  # which DeepSpeed puts beside its checkpoints


def reason(path: Path) -> str:
    """Why ``path`` holds no weights, with the next step, in one line."""
    if not path.is_dir():
        return (
            f"{path} holds neither {MANIFEST} (our training's) nor {CONFIG} (diffusers') nor a "
            f"file of weights of torch or safetensors ({', '.join(SUFFIXES)}, or another name with "
            "such content)"
        )
    below = _below(path)
    if (parts := _of(below, DISTRIBUTED)) is not None:
        return (
            f"{parts} is a distributed checkpoint; make a file of it with python -m "
            f"torch.distributed.checkpoint.format_utils dcp_to_torch {parts} FILE.pt"
        )
    if (parts := _of(below, DEEPSPEED)) is not None:
        return (
            f"{parts} is a checkpoint of DeepSpeed; make a file of it with python "
            f"{parts / DEEPSPEED} {parts} FILE.bin"
        )
    files = [f for f in below if is_weights_file(f) and not NOT_WEIGHTS.search(f.name)]
    if beside := [file for file in files if file.parent == path]:
        return (
            f"{path} is a folder, where {' and '.join(IN_FOLDERS)} are looked for; name the file "
            f"itself, such as {beside[-1]}"
        )
    if files:
        return (
            f"{path} holds no weights itself, but folders in it do; name the file, such as "
            f"{files[-1]}"
        )
    return (
        f"{path} holds neither {MANIFEST} (our training's) nor {CONFIG} (diffusers') nor a file of "
        f"weights ({', '.join(SUFFIXES)})"
    )


def _below(folder: Path) -> list[Path]:
    """The files below ``folder``, sorted."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            found.append(path)
        if len(found) == LOOKED_AT:
            break
    return sorted(found)


def _of(files: list[Path], name: str) -> Path | None:
    return next((file.parent for file in files if file.name == name), None)
