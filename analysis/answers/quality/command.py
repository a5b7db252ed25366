"""Answers ``scaling quality``: when does each model of a study reach a quality?"""

import itertools
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from analysis.answers.quality.text import lines, sentence
from analysis.answers.quality.time_to_quality import TimeToQuality, time_to_quality
from analysis.frames import Folder, curves_frame, evaluations_frame, studies, trials_frame
from analysis.select.selection import Selection
from scaling.records import StudyFolder


def of_study(
    folder: Folder,
    targets: Sequence[float] = (),
    metric: str = "fid",
    price_per_gpu_hour: float | None = None,
) -> list[TimeToQuality]:
    """``time_to_quality`` of a study's records, with epochs and hours where they tell them.
    ValueError as there.
    """
    (study,) = studies(folder)
    return time_to_quality(
        Selection(trials_frame(study), evaluations_frame(study)),
        targets,
        metric,
        curves_frame(study),
        images_per_epoch(study),
        workers_of(study),
        price_per_gpu_hour,
    )


def run(
    folder: Path,
    targets: Sequence[float],
    metric: str,
    price_per_gpu_hour: float | None,
    as_json: bool,
) -> str:
    """What the command prints."""
    rows = of_study(folder, targets, metric, price_per_gpu_hour)
    if not rows:
        raise ValueError(
            f"{folder}: no {metric} above zero is measured yet; run the study, or name a quality "
            "with --at"
        )
    if as_json:
        return json.dumps(
            [
                {"quality": row.name}
                | asdict(row)
                | {"train_flops_interval": row.train_flops_interval}
                for row in rows
            ]
        )
    parts = []
    for _, group in itertools.groupby(rows, key=lambda row: row.target):
        same = list(group)
        parts.append("\n".join([sentence(same), *lines(same)]))
    return "\n\n".join(parts)


def images_per_epoch(study: StudyFolder) -> int | None:
    """Images of the training set, as an evaluation against all of them counted; None where none
    did.
    """
    for trial in study.plan().trials:
        for evaluation in study.run(trial.train_id).evaluations():
            if evaluation["protocol"].get("reference_images") is None:
                for value in evaluation["figures"]:
                    if value["reference"] == "train" and value.get("reference_images"):
                        return value["reference_images"]
    return None


def workers_of(study: StudyFolder) -> dict[str, int]:
    """Of each training with a record, the most workers that shared it."""
    workers = {}
    for train_id in dict.fromkeys(trial.train_id for trial in study.plan().trials):
        record = study.run(train_id).record()
        if record and record["sessions"]:
            workers[train_id] = max(
                session.get("execution", {}).get("workers", 1) for session in record["sessions"]
            )
    return workers
