"""Keeps a prediction as it was made: a sealed file that is never overwritten, with the hash of the
records it rests on.
"""

import hashlib
import json
import os
from pathlib import Path

import polars as pl

from scaling.records import StudyFolder
from scaling.records.files import read_json, write_bytes
from scaling.study.identity import canonical_json

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


def thaw(path: Path) -> dict:
    """What ``freeze`` wrote. ValueError where it is no such file, of a newer schema, or changed
    since.
    """
    try:
        frozen = read_json(Path(path))
    except ValueError:
        raise ValueError(f"{path} is no frozen prediction; scaling predict writes one") from None
    if frozen is None:
        raise ValueError(f"there is no file {path}")
    if not isinstance(frozen, dict) or "seal" not in frozen:
        raise ValueError(f"{path} is no frozen prediction; scaling predict writes one")
    if frozen["schema_version"] > SCHEMA:
        raise ValueError(
            f"{path} has schema version {frozen['schema_version']}, this code reads up to "
            f"{SCHEMA}; update dit-scaling to read it"
        )
    if frozen["seal"] != _seal({k: v for k, v in frozen.items() if k != "seal"}):
        raise ValueError(f"{path} was changed since it was frozen; take the file as it was written")
    return frozen


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
