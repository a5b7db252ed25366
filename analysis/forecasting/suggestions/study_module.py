"""Writes a suggestion as a Python module that defines STUDY, which ``scaling.sweep`` runs."""

import pprint
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.text import number
from scaling.records.files import write_bytes
from scaling.study.load import load_study
from scaling.study.settings import fields_of
from scaling.study.specs.trial import TrialSpec

if TYPE_CHECKING:
    from analysis.forecasting.suggestions.suggestion import Suggestion

_WIDTH = 110


def write_module(suggestion: "Suggestion", path: Path) -> Path:
    """Write the study to ``path`` and load it, so that what is written runs. ValueError where the
    file exists.
    """
    path = Path(path)
    if path.suffix != ".py":
        raise ValueError(f"a study module ends in .py, got {path}; give --out FILE.py")
    if path.exists():
        raise ValueError(f"{path} exists; a study is not written over, give another --out FILE.py")
    write_bytes(path, module(suggestion).encode())
    load_study(str(path))
    return path


def module(s: "Suggestion") -> str:
    """The module's text. A training is asked once per checkpoint it is to be measured at; no step
    is trained twice.
    """
    trials = [
        run.trial.model_copy(
            update={
                "train": run.trial.train.model_copy(update={"steps": step}),
                "evaluate": run.trial.evaluate.model_copy(update={"checkpoints": 1, "every": None}),
            }
        )
        for run in s.runs
        for step in run.checkpoints
    ]
    base, settings = trials[0], [_differing(trial, trials[0]) for trial in trials]
    expectation = (
        f"The 95 % prediction interval of {s.target}, {_ends(s.interval)} about FID "
        f"{number(s.fid)} before, is "
        f"{number(s.runs[-1].width / s.width)} times as wide (in log FID) afterwards."
    )
    question = (
        f"What will {s.target} measure? The trainings that narrow its prediction most per GPU-hour"
    )
    docstring = "\n".join(
        textwrap.fill(part, _WIDTH)
        for part in (
            question + ".",
            "",
            f"Chosen from {_records(s)} by `scaling suggest`, in this order: "
            + "; ".join(
                f"{run.trial.model.name} to {run.trial.train.steps:,} steps "
                f"({number(run.gpu_hours)} GPU-hours, then "
                f"{number(run.width)} wide)"
                for run in s.runs
            )
            + ".",
            "",
            f"Price: {number(s.gpu_hours)} GPU-hours of training, and of sampling at each "
            "checkpoint, on an H100 at "
            f"{s.mfu:.0%} MFU, steps measured there not counted again.",
            "",
            f"Expected: {expectation}",
        )
    )
    nuisance = {
        "all but the model and the steps": f"as in {s.study}; for a model without a record, as in "
        "its measured "
        "model nearest in parameters"
    }
    as_it_is = pprint.pformat(base.model_dump(mode="json"), width=_WIDTH, sort_dicts=False)
    return f'''"""{docstring}
"""

from scaling.study import Study, TrialSpec
from scaling.study.settings import with_settings

BASE = TrialSpec.model_validate(
{textwrap.indent(as_it_is, "    ")})

SETTINGS = {pprint.pformat(settings, width=_WIDTH, sort_dicts=False)}

STUDY = Study(
    name={f"next-{s.study}"!r},
    question={question + "."!r},
    expectation={expectation!r},
    trials=tuple(with_settings(BASE, settings) for settings in SETTINGS),
    nuisance={nuisance!r},
)
'''


def _differing(trial: TrialSpec, base: TrialSpec) -> dict:
    """The dotted fields in which ``trial`` differs from ``base``."""
    fields, values, as_in = {}, trial.model_dump(mode="json"), base.model_dump(mode="json")
    for field in fields_of(trial):
        value, base_value = values, as_in
        for part in field.split("."):
            value, base_value = value[part], base_value[part]
        if value != base_value:
            fields[field] = value
    return fields


def _records(s: "Suggestion") -> str:
    return (
        f"the records of {s.study}"
        if s.source == s.study
        else f"{s.source}, as trainings of {s.study},"
    )


def _ends(ends: tuple[float, float]) -> str:
    return f"[{number(ends[0])}, {number(ends[1])}]"
