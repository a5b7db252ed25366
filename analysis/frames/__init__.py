"""What do the records say, as tables? One row per trial, per measured figure, or per logged step of
the curve.

Polars inside; ``.to_pandas()`` at the edge, where seaborn wants it. Columns are explained in
``results/README.md``. Every trial of the plan has its row, whatever its state: who fits decides by
the columns, nobody is dropped here.
"""

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from analysis.frames.cache import tables_of
from analysis.frames.tables import (
    HOW,
    OF_EVALUATION,
    OF_STEP,
    OF_TRIAL,
    WHICH,
    cell_id,
    protocol_id,
)
from scaling.records import StudyFolder

Folder = StudyFolder | Path | str

TRIALS = WHICH | HOW | OF_TRIAL
EVALUATIONS = WHICH | HOW | OF_EVALUATION
CURVES = WHICH | OF_STEP

__all__ = [
    "CURVES",
    "EVALUATIONS",
    "TRIALS",
    "cell_id",
    "curves_frame",
    "default_study",
    "evaluations_frame",
    "protocol_id",
    "studies",
    "trials_frame",
]


def trials_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per trial of the studies in ``folders``, in plan order, columns TRIALS; unknown
    figures are null.
    """
    parts = [pl.DataFrame(schema=TRIALS)]
    for study in studies(folders):
        with tables_of(study, "trials") as (trials,):
            parts.append(trials.select(*TRIALS))
    return pl.concat(parts)


def evaluations_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per evaluation and figure, columns EVALUATIONS: FID and KID against each reference,
    held-out losses.

    ``train_flops`` and ``images`` are those spent up to the evaluated step.
    """
    return _beside_trials("evaluations", EVALUATIONS, OF_EVALUATION, folders)


def curves_frame(folders: Folder | Iterable[Folder]) -> pl.DataFrame:
    """One row per logged step of each trial, columns CURVES."""
    return _beside_trials("curves", CURVES, OF_STEP, folders)


def studies(folders: Folder | Iterable[Folder]) -> list[StudyFolder]:
    """``folders``, one or several, as StudyFolders."""
    one = isinstance(folders, StudyFolder | Path | str)
    return [
        f if isinstance(f, StudyFolder) else StudyFolder(Path(f))
        for f in ([folders] if one else folders)
    ]


def default_study() -> StudyFolder:
    """The folder that DIT_SCALING_RESULTS names; else results/digits where it was run, else the
    committed reference.
    """
    named = os.environ.get("DIT_SCALING_RESULTS")
    results = Path(__file__).resolve().parents[2] / "results"
    own, reference = results / "digits", results / "reference" / "digits"
    return StudyFolder(
        Path(named) if named else own if (own / "study.json").is_file() else reference
    )


def _beside_trials(name: str, schema: dict, own: dict, folders) -> pl.DataFrame:
    parts = []
    for study in studies(folders):
        with tables_of(study, "trials", name) as (trials, rows):
            told = [column for column in schema if column not in own]
            # written out once anyone reads them
            alike = [column for column in told if trials[column].n_unique() == 1]
            apart, frame = [column for column in told if column not in alike], rows.select(*own)
            if apart:
                frame = frame.hstack(trials.select(apart)[rows["trial"]])
            parts.append(
                frame.with_columns(
                    pl.lit(trials[column][0], schema[column]).alias(column) for column in alike
                ).select(*schema)
            )
    return (
        pl.concat(parts) if len(parts) > 1 else parts[0] if parts else pl.DataFrame(schema=schema)
    )
