"""What can another hand, a kill or a disk do to the files of a study? By name, each to one of its
trainings.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from scaling.records import Run, StudyFolder

GARBAGE = b"\x00\xffnonsense"


def _replaced(name: str, content: bytes = GARBAGE) -> Callable[[StudyFolder, Run], None]:
    def harm(study: StudyFolder, run: Run) -> None:
        (run.folder / name).write_bytes(content)

    return harm


def _cut(name: str) -> Callable[[StudyFolder, Run], None]:
    def harm(study: StudyFolder, run: Run) -> None:
        path = run.folder / name
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return harm


def _deleted(name: str) -> Callable[[StudyFolder, Run], None]:
    def harm(study: StudyFolder, run: Run) -> None:
        (run.folder / name).unlink(missing_ok=True)

    return harm


def _plan_damaged(study: StudyFolder, run: Run) -> None:
    (study.folder / "study.json").write_bytes(GARBAGE)


def _evaluations_damaged(study: StudyFolder, run: Run) -> None:
    for path in (run.folder / "evaluations").glob("*.json"):
        path.write_bytes(b"[]")


def _newest_checkpoint(study: StudyFolder, harm: Callable[[Path], None], run: Run) -> None:
    if there := sorted(run.checkpoints.glob("step-*")):
        harm(there[-1])


def _checkpoint_damaged(study: StudyFolder, run: Run) -> None:
    _newest_checkpoint(
        study, lambda folder: (folder / "weights.safetensors").write_bytes(GARBAGE), run
    )


def _manifest_damaged(study: StudyFolder, run: Run) -> None:
    _newest_checkpoint(study, lambda folder: (folder / "manifest.json").write_bytes(b"[]"), run)


def _checkpoints_deleted(study: StudyFolder, run: Run) -> None:
    shutil.rmtree(run.checkpoints, ignore_errors=True)


FILE_FAULTS: dict[str, Callable[[StudyFolder, Run], None]] = {
    "a state is garbage": _replaced("state.json"),
    "a state is a list": _replaced("state.json", b"[]"),
    "a state is deleted": _deleted("state.json"),
    "a record is garbage": _replaced("record.json"),
    "a record is deleted": _deleted("record.json"),
    "a spec is garbage": _replaced("spec.json"),
    "a curve is cut": _cut("curve.jsonl"),
    "a curve is garbage": _replaced("curve.jsonl"),
    "a curve is deleted": _deleted("curve.jsonl"),
    "evaluations are lists": _evaluations_damaged,
    "the plan is garbage": _plan_damaged,
    "the newest checkpoint is garbage": _checkpoint_damaged,
    "its manifest is a list": _manifest_damaged,
    "all checkpoints are deleted": _checkpoints_deleted,
}
# What a curve lost before a kill is trained again only from a checkpoint that saw it whole: of
# these the record says how many lines are lacking.
LOSES_LINES = ("a curve is deleted", "a curve is garbage", "a curve is cut")
