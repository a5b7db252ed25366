"""What do the records say, as tables? One row per trial, per measured value, or per logged step.

Polars inside; ``.to_pandas()`` at the edge, where seaborn wants it. ``results/README.md`` explains
the columns. Every trial of the plan has its rows, whatever its state: the frames drop none, and
``analysis.select`` decides by the columns which of them enter a fit.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from analysis.frames.cache import tables_of
from analysis.frames.columns import (
    CURVES,
    EVALUATIONS,
    HOW,
    OF_EVALUATION,
    OF_STEP,
    OF_TRIAL,
    TRIALS,
    WHICH,
)
from analysis.frames.identities import cell_id, protocol_id
from scaling.records import StudyFolder
from scaling.records.storage.following import study_at

Folder = StudyFolder | Path | str

__all__ = [
    "CURVES",
    "EVALUATIONS",
    "HOW",
    "OF_EVALUATION",
    "OF_STEP",
    "OF_TRIAL",
    "TRIALS",
    "WHICH",
    "cell_id",
    "curves_frame",
    "default_study",
    "evaluations_frame",
    "protocol_id",
    "studies",
    "trials_frame",
]


def trials_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per trial of the studies in ``folders``, in plan order, columns TRIALS; what is not
    known is null.
    """
    parts = [pl.DataFrame(schema=TRIALS)]
    for study in studies(folders):
        with tables_of(study, "trials") as (trials,):
            parts.append(trials.select(*TRIALS))
    return pl.concat(parts)


def evaluations_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per evaluation and metric, columns EVALUATIONS: FID and KID against each reference,
    held-out losses.

    ``train_flops`` and ``images`` are those spent up to the evaluated step.
    """
    return _with_trials("evaluations", EVALUATIONS, OF_EVALUATION, folders)


def curves_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per logged step of each trial, columns CURVES."""
    return _with_trials("curves", CURVES, OF_STEP, folders)


def studies(folders: Folder | Iterable[Folder]) -> list[StudyFolder]:
    """``folders``, one or several, as StudyFolders; those at a URL are taken from the store."""
    alone = isinstance(folders, StudyFolder | Path | str)
    return [
        folder if isinstance(folder, StudyFolder) else study_at(folder)
        for folder in ([folders] if alone else folders)
    ]


def default_study() -> StudyFolder:
    """The study in the folder that DIT_SCALING_RESULTS names. Without that variable,
    ``results/digits`` where that study was run, else the committed reference.
    """
    named = os.environ.get("DIT_SCALING_RESULTS")
    results = Path(__file__).resolve().parents[2] / "results"
    own, reference = results / "digits", results / "reference" / "digits"
    return StudyFolder(
        Path(named) if named else own if (own / "study.json").is_file() else reference
    )


def _with_trials(
    name: str, schema: dict, own: dict, folders: Folder | Iterable[Folder]
) -> pl.DataFrame:
    """The table ``name`` with columns ``schema``: its ``own``, and those of each row's trial."""
    parts = [pl.DataFrame(schema=schema)]
    for study in studies(folders):
        with tables_of(study, "trials", name) as (trials, rows):
            joined = [column for column in schema if column not in own]
            # a column with one value for all trials is filled in only when somebody reads it
            constant = [column for column in joined if trials[column].n_unique() == 1]
            varying = [column for column in joined if column not in constant]
            frame = rows.select(*own)
            if varying:
                frame = frame.hstack(trials.select(varying)[rows["trial"]])
            parts.append(
                frame.with_columns(
                    pl.lit(trials[column][0], schema[column]).alias(column) for column in constant
                ).select(*schema)
            )
    return parts[-1] if len(parts) < 3 else pl.concat(parts)
