"""What survives a kill? Checkpoints.

They are written aside, flushed and renamed, and trusted only if their checksums match. Of results
at a URL they go to the store then, the manifest last.

    checkpoints/step-00000500/
      weights.safetensors            the model
      ema-power-0.05.safetensors     one file per average
      buffers.safetensors            what a user's network holds beside what is trained, if it does
      train.pt                       optimiser state and open log window (loads with weights_only)
      manifest.json                  step, seconds trained, and the SHA-256 of each file
"""

import hashlib
import os
import re
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from scaling.models.weights import BUFFERS
from scaling.records.files import named, sync_folder, write_json
from scaling.records.parsed import Unreadable
from scaling.records.shapes import MANIFEST as MANIFEST_SHAPE
from scaling.records.storage.folders import (
    MANIFEST,
    fetch_folder,
    names_in,
    remove_folder,
    send_folder,
)
from scaling.records.storage.places import here, shown

_FOLDER = re.compile(r"step-(\d{8,})")


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint whose checksums have been verified."""

    folder: Path
    step: int
    train_wall_s: float
    emas: tuple[str, ...]
    lines: int | None = None  # that the curve held up to this step; None: of older checkpoints

    def __reduce__(self):  # it crosses to workers, on whose machines the copy may lie elsewhere
        place = shown(self.folder)
        return _arrived, (place, self.step, self.train_wall_s, self.emas, self.lines)

    def weights(self) -> dict[str, Tensor]:
        return load_file(self._file("weights.safetensors"))

    def ema(self, label: str) -> dict[str, Tensor]:
        return load_file(self._file(f"{label}.safetensors"))

    def buffers(self) -> dict[str, Tensor]:
        """What the network holds beside trained weights; nothing where it holds nothing such."""
        self._file("weights.safetensors")  # a folder is fetched whole
        path = self.folder / BUFFERS
        return load_file(path) if path.is_file() else {}

    def training_state(self) -> dict:
        return torch.load(self._file("train.pt"), weights_only=True)

    def _file(self, name: str) -> Path:
        if not (self.folder / name).exists():
            fetch_folder(self.folder)
        return self.folder / name


def _arrived(place: str, *fields) -> Checkpoint:
    return Checkpoint(here(place), *fields)


def folder_of(root: Path, step: int) -> Path:
    return root / f"step-{step:08d}"


def save(
    root: Path,
    *,
    step: int,
    weights: dict[str, Tensor],
    emas: dict[str, dict[str, Tensor]],
    training: dict,
    train_wall_s: float,
    buffers: dict[str, Tensor] | None = None,
    lines: int | None = None,
) -> Path:
    """Write the checkpoint of ``step`` under ``root`` and return its folder.

    An existing one of that step is replaced.
    """
    root.mkdir(parents=True, exist_ok=True)
    aside = root / f".writing-{step:08d}-{uuid.uuid4().hex[:8]}"
    aside.mkdir()
    try:
        with named(aside):
            save_file(weights, aside / "weights.safetensors")
            for label, tensors in emas.items():
                save_file(tensors, aside / f"{label}.safetensors")
            if buffers:
                save_file(buffers, aside / BUFFERS)
            torch.save(training, aside / "train.pt")
        for path in aside.iterdir():
            _flush(path)
        write_json(
            aside / MANIFEST,
            {
                "step": step,
                "train_wall_s": train_wall_s,
                "emas": sorted(emas),
                "lines": lines,
                "sha256": {path.name: _sha256(path) for path in sorted(aside.iterdir())},
            },
        )
        final = folder_of(root, step)
        if final.exists():
            shutil.rmtree(final)
        os.replace(aside, final)
        sync_folder(root)
        send_folder(final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return final


class Writer:
    """Writes one checkpoint at a time, off the training thread.

    ``join`` waits for it and raises its error, if any.
    """

    def __init__(self, root: Path):
        self.root = root
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._writing: Future | None = None

    def write(self, snapshot: dict, keep: Iterable[int], newest: int) -> None:
        """Write ``snapshot``, then delete all checkpoints but ``keep`` and the ``newest`` ones."""
        self.join()
        self._writing = self._pool.submit(self._write, snapshot, frozenset(keep), newest)

    def join(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def _write(self, snapshot: dict, keep: frozenset[int], newest: int) -> None:
        save(self.root, **snapshot)
        prune(self.root, keep | set(steps(self.root)[:newest]))


def load(root: Path, step: int) -> Checkpoint | None:
    """The checkpoint of ``step``; None if there is none or its files are missing or damaged."""
    folder = folder_of(root, step)
    fetched = fetch_folder(folder)
    checkpoint = _verified(folder, step)
    if checkpoint is None and not fetched and fetch_folder(folder, anew=True):
        checkpoint = _verified(folder, step)  # it was damaged here alone
    return checkpoint


def _verified(folder: Path, step: int) -> Checkpoint | None:
    try:
        manifest = MANIFEST_SHAPE.read(folder / MANIFEST)
    except Unreadable:
        return None
    if manifest is None or manifest["step"] != step:
        return None
    needed = {
        "weights.safetensors",
        "train.pt",
        *(f"{ema}.safetensors" for ema in manifest["emas"]),
    }
    if not needed <= manifest["sha256"].keys():
        return None
    for name, digest in manifest["sha256"].items():
        if Path(name).name != name or not (folder / name).is_file():
            return None
        if _sha256(folder / name) != digest:
            return None
    return Checkpoint(
        folder, step, manifest["train_wall_s"], tuple(manifest["emas"]), manifest.get("lines")
    )


def steps(root: Path) -> list[int]:
    """The steps that have a checkpoint folder, newest first; ``load`` tells which are valid."""
    matches = (_FOLDER.fullmatch(name) for name in names_in(root))
    return sorted((int(match[1]) for match in matches if match), reverse=True)


def newest(
    root: Path,
    emas: Iterable[str],
    *,
    after: int,
    at_most: int,
    fits: Callable[[Checkpoint], bool] = lambda checkpoint: True,
) -> Checkpoint | None:
    """The newest valid checkpoint of steps after+1 .. at_most that has all of ``emas``.

    Damaged checkpoints are skipped, and so are those that do not ``fit``.
    """
    needed = set(emas)
    for step in steps(root):
        if after < step <= at_most:
            checkpoint = load(root, step)
            if checkpoint and needed <= set(checkpoint.emas) and fits(checkpoint):
                return checkpoint
    return None


def newest_step(root: Path) -> int | None:
    """The step of the newest valid checkpoint."""
    checkpoint = newest(root, (), after=-1, at_most=sys.maxsize)
    return checkpoint and checkpoint.step


def prune(root: Path, keep: Iterable[int]) -> None:
    """Delete all checkpoints but those of ``keep``, and whatever killed writers left behind."""
    kept = set(keep)
    for step in steps(root):
        if step not in kept:
            remove_folder(folder_of(root, step))
    for leftover in root.glob(".writing-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def _flush(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
