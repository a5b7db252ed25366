"""What are a trained model's classes called? As in the data that it was trained on.

Labels are positions in the order of names: of folders 0 to 11, the class 10 has label 2.
"""

import difflib
from collections.abc import Sequence
from pathlib import Path

from scaling.evaluation.sampling.wanted import NO_CLASS
from scaling.models.stored.pipelines import is_pipeline, labels_of
from scaling.records import Run

SHOWN = 8  # names in an error


def class_names(checkpoint: Path) -> list[str] | None:
    """The names in order of label, as the pipeline ``checkpoint`` says, or the record of the
    training to which it belongs: a run's folder or a checkpoint in it. None where there is no
    record, or no names.
    """
    if is_pipeline(checkpoint):
        return labels_of(checkpoint)
    for folder in (checkpoint, *checkpoint.resolve().parents[:2]):
        if (folder / "checkpoints").is_dir() and (record := Run(folder).record()):
            return record.get("classes")
    return None


def as_labels(words: Sequence[str], checkpoint: Path) -> list[str]:
    """The ``words`` of --classes, with the label in place of each name that the training knows.

    A name goes before a number. Other numbers, and words where no names are known, are kept.
    ValueError for a word that is neither.
    """
    names = class_names(checkpoint) if words else None
    if names is None:
        return list(words)
    labels = {name: str(label) for label, name in enumerate(names)}
    if is_pipeline(checkpoint):  # whose names hold several words for one class
        for label, name in enumerate(names):
            for word in name.split(","):
                labels.setdefault(word.strip(), str(label))
    for word in words:
        if word not in labels and word != NO_CLASS and not word.lstrip("-").isdigit():
            near = difflib.get_close_matches(word, labels, SHOWN) or names[:SHOWN]
            raise ValueError(
                f"--classes {word}: no class of {checkpoint} is called that; it has {len(names)}, "
                f"such as {', '.join(near)}"
            )
    return [labels.get(word, word) for word in words]
