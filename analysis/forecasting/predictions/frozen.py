"""Keeps a prediction as it was made: a sealed file that is never overwritten, with the hash of the
records it rests on.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Annotated, Any, NotRequired

import polars as pl
from pydantic import Field, with_config
from typing_extensions import TypedDict

from scaling.records import StudyFolder
from scaling.records.files import write_bytes
from scaling.records.parsed import STRICT, Digest, Shape, Version, Whole, held_to
from scaling.records.shapes import Time
from scaling.records.storage.copies import send
from scaling.study.planning.plan import Identity
from scaling.study.specs.data import DataSpec
from scaling.study.specs.identity import canonical_json
from scaling.study.specs.protocol import Protocol

SCHEMA = 1
_READ = (
    "trial_id",
    "train_id",
    "eval_id",
    "model",
    "seed",
    "step",
    "images",
    "params_m",
    "forward_gmacs",
    "tokens",
    "value",
)


@with_config(STRICT)
class Prediction(TypedDict):
    """What one target is predicted to measure."""

    target: str
    model: str
    steps: Whole
    law: str
    fid: Annotated[float, Field(gt=0)]
    low: float
    high: float
    caveats: list[str]


@with_config(STRICT)
class Shared(TypedDict):
    """``Conditions`` as JSON."""

    protocol: Annotated[dict[str, Any], held_to(Protocol.model_validate)]
    data: Annotated[dict[str, Any], held_to(DataSpec.model_validate)]
    ema: dict[str, Any]
    batch: Whole
    training: NotRequired[dict[str, Any] | None]


@with_config(STRICT)
class RestedOn(TypedDict):
    """An evaluation that a prediction rests on: its file's sum and what was read of it."""

    trial_id: str
    train_id: Identity
    eval_id: Identity
    step: Whole
    sha256: Digest


@with_config(STRICT)
class RestsOn(TypedDict):
    """The records that a prediction rests on."""

    hash: str
    records: list[RestedOn]


@with_config(STRICT)
class Frozen(TypedDict):
    """``predictions-DATE.json``, sealed."""

    schema_version: Version
    study: str
    frozen: Time
    code: str
    rule: str
    metric: str
    conditions: Shared
    predictions: list[Prediction]
    data: RestsOn
    seal: str


FROZEN: Shape[Frozen] = Shape(
    Frozen, "it is no frozen prediction; scaling predict writes one", SCHEMA
)


def freeze(path: Path, content: dict) -> None:
    """Write ``content`` with its seal, whole or not at all, read-only. ValueError where ``path``
    exists.
    """
    sealed = {"schema_version": SCHEMA, **content}
    sealed["seal"] = _seal(sealed)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    write_bytes(aside, (json.dumps(sealed, indent=1, allow_nan=False) + "\n").encode())
    try:
        aside.chmod(0o444)
        os.link(aside, path)  # unlike a rename, it fails where the file exists
    except FileExistsError:
        raise ValueError(
            f"{path} exists; a frozen prediction is not written over, choose another --out"
        ) from None
    finally:
        aside.unlink()
    send(path)


def thaw(path: Path) -> Frozen:
    """What ``freeze`` wrote. ValueError where it is no such file, of a newer schema, or changed
    since.
    """
    frozen = FROZEN.read(path)
    if frozen is None:
        raise ValueError(f"there is no file {path}")
    if frozen["seal"] != _seal({k: v for k, v in frozen.items() if k != "seal"}):
        raise ValueError(f"{path} was changed since it was frozen; take the file as it was written")
    return frozen


def frozen_in(folder: Path) -> list[Path]:
    """The frozen predictions in ``folder``, by name; other files are left alone."""
    frozen = [
        path for path in sorted(folder.glob("*.json")) if {"predictions", "seal"} <= _keys(path)
    ]
    if not frozen:
        raise ValueError(f"{folder} holds no frozen prediction; scaling predict writes one")
    return frozen


def _keys(path: Path) -> set[str]:
    try:
        if path.stat().st_size > FROZEN.most:
            return set()
        content = json.loads(path.read_bytes())
    except ValueError:  # some other file of that name
        return set()
    return set(content) if isinstance(content, dict) else set()


def records_of(study: StudyFolder, rows: pl.DataFrame) -> list[dict]:
    """What a fit read of each evaluation in ``rows``, and the SHA-256 of the evaluation's file."""
    return [
        {name: row[name] for name in _READ}
        | {
            "sha256": hashlib.sha256(
                (
                    study.run(row["train_id"]).folder / "evaluations" / f"{row['eval_id']}.json"
                ).read_bytes()
            ).hexdigest()
        }
        for row in rows.sort("eval_id").iter_rows(named=True)
    ]


def _seal(content: dict) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
