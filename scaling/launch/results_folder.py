"""Can the results of a plan be written where they are to go, and is there room for them?"""

import tempfile
from pathlib import Path

from scaling.records.cache import CACHE_VARIABLE
from scaling.records.disk import check_room, nearest
from scaling.records.ledger import StudyFolder
from scaling.records.parsed import Damaged
from scaling.records.storage.following import check_store, pull_study
from scaling.records.storage.places import shown, url_of
from scaling.study.costs.memory import checkpoint_bytes
from scaling.study.planning.plan import Plan, PlannedTrial


def check_folder(root: Path, plan: Plan) -> None:
    """Refuse a root that cannot be written or lies among the images, or a study folder that holds
    another plan.

    Trials may be added to a plan. Nothing is made yet, as what follows may refuse.
    """
    folder = root / plan.name
    check_store(root)
    pull_study(folder, plan)
    if data := {t.spec.data for t in plan.trials if t.spec.data.source == "folder"}:
        from scaling.data.listing.walk import outside
        from scaling.data.sources import place

        outside(root, sorted(map(place, data)), "--results")
    try:
        with tempfile.TemporaryFile(dir=nearest(folder)) as probe:
            probe.write(b"0")
    except OSError as error:
        raise ValueError(
            f"cannot write to the results folder {folder}: {error.strerror}; {elsewhere(root)}"
        ) from None
    if not (folder / "study.json").exists():
        return
    try:
        before = StudyFolder(folder).plan()
    except Damaged:  # it is set aside, and written again
        return
    old, new = ({trial.trial_id: trial for trial in p.trials} for p in (before, plan))
    gone = [old[i] for i in old if i not in new]
    if gone:
        added = [new[i] for i in new if i not in old]
        raise ValueError(
            f"{shown(folder)} holds another plan of {plan.name!r}: {len(gone)} of its {len(old)} "
            "trials are not in this one"
            f"{_difference(gone, added)}. Choose another --results, or move {shown(folder)} away "
            f"(its trainings, in {shown(root / 'runs')}, are kept and shared)"
        )


def check_disk(left: list[list[PlannedTrial]], folder: StudyFolder) -> None:
    """Refuse to start where the checkpoints to be kept, with those of trunks, would not fit on the
    disk.
    """
    needed, trainings = 0, checkpoints_of(left)
    for train_id, size in trainings.items():
        run = folder.run(train_id)
        there = sum(path.stat().st_size for path in run.checkpoints.rglob("*") if path.is_file())
        needed += max(0, size - there)
    check_room(
        f"the checkpoints of {len(trainings)} trainings take",
        needed,
        folder.folder,
        f"evaluate at fewer steps, or {elsewhere(folder.folder)}",
    )


def checkpoints_of(left: list[list[PlannedTrial]]) -> dict[str, int]:
    """Bytes of the checkpoints that each training, or trunk, holds at once, by its train_id."""
    kept: dict[str, dict] = {}
    for trial in (t for group in left for t in group):
        kept.setdefault(trial.train_id, {})[trial.spec] = trial.spec.eval_steps
        if trial.spec.trunk:
            kept.setdefault(trial.spec.trunk.train_id, {})[trial.spec] = (
                trial.spec.train.branch_step,
            )
    return {train_id: checkpoint_bytes(steps) for train_id, steps in kept.items()}


def elsewhere(folder: Path) -> str:
    """How a person puts results, or their copy, on another disk."""
    if url_of(folder):
        return f"choose another disk for copies of results with ${CACHE_VARIABLE}"
    return "choose another disk with --results"


def _difference(gone: list, added: list) -> str:
    """How the first trial that is gone differs from the new trial most like it, field by field."""

    def flat(value, prefix=""):
        if isinstance(value, dict):
            return {
                k: v
                for name, part in value.items()
                for k, v in flat(part, f"{prefix}{name}.").items()
            }
        return {prefix[:-1]: value}

    first = flat(gone[0].spec.model_dump(mode="json"))
    changes = [
        {
            k: (first.get(k), other.get(k))
            for k in {**first, **other}
            if first.get(k) != other.get(k)
        }
        for other in (flat(trial.spec.model_dump(mode="json")) for trial in added)
    ]
    if not changes:
        return f", such as {gone[0].trial_id}"
    nearest = min(changes, key=len)
    return f", such as {gone[0].trial_id}: " + ", ".join(
        f"{k} was {a}, is {b}" for k, (a, b) in nearest.items()
    )
