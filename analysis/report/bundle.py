"""What does another person need to doubt a study? Its records and specs, versions, and every answer
drawn from them.

    manifest.json   schema, study, code, versions, SHA-256 of every other file
    study/          study.json, real.npz, runs/ (specs, states, records, curves, the plan's
                    evaluations and samples)
    answers/        report.html, numbers.json, tables/*.csv, figures/*.svg with the data that they
                    carry beside them

``scaling verify`` rebuilds ``answers/`` from ``study/``.
"""

import dataclasses
import hashlib
import importlib.metadata
import io
import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from pydantic import BaseModel, with_config
from typing_extensions import TypedDict

from analysis.frames import Folder, evaluations_frame, studies, trials_frame
from analysis.report import build
from analysis.text import count
from scaling.records import StudyFolder, trial_rows
from scaling.records.files import json_bytes, write_bytes
from scaling.records.parsed import STRICT, Digest, Shape, Version
from scaling.records.provenance import code_version, versions
from scaling.records.spending.expected import FILE as FORECAST_FILE

SCHEMA = 1
# that the answers are made by
LIBRARIES = ("scipy", "polars", "matplotlib", "seaborn", "pydantic", "jinja2")
# in files of their own, or of the moment
_NOT_NUMBERS = ("plan", "trials", "written", "reload_s", "published_figure")


@with_config(STRICT)
class Manifest(TypedDict):
    """``manifest.json``: what is packed, made by which code."""

    schema_version: Version
    study: str
    made: str
    code: str
    versions: dict[str, str]
    files: dict[str, Digest]


MANIFEST: Shape[Manifest] = Shape(
    Manifest, "it is no bundle of a study; scaling bundle makes one", SCHEMA
)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: the same study makes the same bytes


def bundle(folder: Folder, out: Path | None = None) -> Path:
    """Pack a study; returns the file, by default ``STUDY.zip`` in its folder. Answers are made
    afresh from the records.

    ValueError while trials are running: what is being written cannot be packed.
    """
    (study,) = studies(folder)
    rows = trial_rows(study)
    if busy := [row["trial_id"] for row in rows if row["state"] == "running"]:
        raise ValueError(
            f"{count(len(busy), 'trial')} running ({', '.join(busy[:3])}); bundle when the sweep "
            "has ended"
        )
    files = {f"study/{name}": path.read_bytes() for name, path in _records(study)}
    files |= {f"answers/{name}": data for name, data in answers(study).items()}
    manifest = {
        "schema_version": SCHEMA,
        "study": study.plan().name,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "versions": analysis_versions(),
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {
            "manifest.json": json.dumps(manifest, indent=1).encode(),
            **dict(sorted(files.items())),
        }.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED)
    path = Path(out) if out else study.folder / f"{study.plan().name}.zip"
    write_bytes(path, buffer.getvalue())
    return path


def answers(study: StudyFolder) -> dict[str, bytes]:
    """Every number, table, figure and page that the records of ``study`` give, as files by name."""
    built = build(study, kinds=("svg", "json"))
    numbers = {key: plain(value) for key, value in built.data.items() if key not in _NOT_NUMBERS}
    files = {
        "report.html": built.page.encode(),
        "numbers.json": json_bytes(numbers),
        "tables/trials.csv": _csv(trials_frame(study)),
        "tables/evaluations.csv": _csv(evaluations_frame(study)),
    }
    for name, drawn in built.pictures.items():
        files |= {f"figures/{name}.{kind}": data for kind, data in drawn.files.items()}
    return files


def _csv(table: pl.DataFrame) -> bytes:
    """``table`` as CSV; what a cell holds several of is JSON in it."""
    nested = {
        name: pl.Series(
            [None if cell is None else json.dumps(cell) for cell in table[name].to_list()],
            dtype=pl.String,
        )
        for name, kind in table.schema.items()
        if kind.is_nested()
    }
    return table.with_columns(**nested).write_csv().encode()


def analysis_versions() -> dict[str, str]:
    return versions() | {name: importlib.metadata.version(name) for name in LIBRARIES}


def plain(value):
    """``value`` as JSON has it: dataclasses as objects without the fields that do not compare,
    frames as rows.
    """
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, np.generic | np.ndarray | pl.Series):
        return plain(value.tolist() if hasattr(value, "tolist") else value.to_list())
    if isinstance(value, pl.DataFrame):
        return plain(value.to_dicts())
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value):
        return {
            f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value) if f.compare
        }
    if isinstance(value, dict):
        return {
            ", ".join(map(str, k)) if isinstance(k, tuple) else str(k): plain(v)
            for k, v in value.items()
            if not isinstance(v, Figure)
        }
    if isinstance(value, set | frozenset):
        return sorted(plain(list(value)), key=str)
    return [plain(item) for item in value]


def _records(study: StudyFolder) -> Iterable[tuple[str, Path]]:
    """Names and files of what was measured for this study, checkpoints apart."""
    for name in ("study.json", "real.npz", FORECAST_FILE):
        if (path := study.folder / name).is_file():
            yield name, path
    asked: dict[str, dict] = {}
    for trial in study.plan().trials:
        asked.setdefault(trial.train_id, {}).update(dict.fromkeys(trial.eval_ids.values()))
    for train_id, eval_ids in asked.items():
        folder = study.run(train_id).folder
        for name in (
            "spec.json",
            "state.json",
            "record.json",
            "curve.jsonl",
            *(f"evaluations/{eval_id}.json" for eval_id in eval_ids),
            *(f"samples/{eval_id}.npz" for eval_id in eval_ids),
        ):
            if (path := folder / name).is_file():
                yield f"runs/{train_id}/{name}", path
