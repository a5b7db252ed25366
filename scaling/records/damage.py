"""What of a study's records is damaged, and how does a sweep go on without losing it?

A damaged file gets a name of its own, ``state.json.damaged-1``, and what it held is made again: by
the training or evaluation that wrote it, from the plan, or from the lines that are whole.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from scaling.records.arrays import IMAGES, read_arrays
from scaling.records.evaluation_shape import EVALUATION
from scaling.records.files import write_lines
from scaling.records.ledger import Run, StudyFolder
from scaling.records.parsed import Damaged, Shape, Unreadable
from scaling.records.shapes import PLAN, RECORD, SPEC, STATE, Line
from scaling.records.spending.expected import read_expected
from scaling.records.spending.told import read_told
from scaling.records.storage.copies import move
from scaling.records.storage.lease import Taken, held
from scaling.study.planning.plan import Plan
from scaling.study.specs.trial import TrialSpec

# The files of a training by where they lie in its folder, and their shapes.
FILES: dict[str, Shape[Any]] = {
    "spec.json": SPEC,
    "state.json": STATE,
    "record.json": RECORD,
    "evaluations/*.json": EVALUATION,
    "evaluating/*.json": STATE,
}
DESCRIBED = {"model", "data", "diffusion", "train"}  # the parts of a spec that describe a training


def damaged_files(folder: StudyFolder, plan: Plan) -> list[Damaged]:
    """The damaged files of the study in ``folder``, whose plan is ``plan``, or is to be.

    Raises Unreadable for a file that is to be left alone, such as one of newer code.
    """
    damaged: list[Damaged] = []
    for read in _reads(folder, plan):
        try:
            read()
        except Damaged as error:
            damaged.append(error)
    return list({error.path: error for error in damaged}.values())


def set_aside(damaged: Iterable[Damaged], folder: StudyFolder, plan: Plan) -> list[str]:
    """Give each of ``damaged`` a name of its own and mend what can be mended at once; returns what
    was done, a line for each.

    A training that another process works on is left to that process.
    """
    specs, done = _trainings(plan), []
    for error in damaged:
        run = _run_of(error.path, folder, specs)
        if run is None:
            done.append(f"{error.short.rpartition(';')[0]}; it is now {aside(error.path).name}")
            continue
        try:
            with FileLock(run.lock, timeout=0), held(run.folder):
                lines = whole_lines(run) if error.path.name == "curve.jsonl" else None
                new = aside(error.path)
                if lines:
                    write_lines(error.path, lines)
                if error.path == run.folder / "spec.json":
                    write_spec(run, specs[run.folder.name])
        except (Timeout, Taken):
            continue
        done.append(f"{error.short.rpartition(';')[0]}; it is now {new.name}")
    return done


def whole_lines(run: Run) -> list[Line]:
    """The lines of a curve, without damaged ones. Raises Unreadable for a file that the disk holds
    back: its lines are not lost.
    """
    faults: list[Unreadable] = []
    lines = run.curve(faults)
    for fault in faults:
        if not isinstance(fault, Damaged):
            raise fault
    return lines


def aside(path: Path) -> Path:
    """Rename ``path`` to the first free name ``NAME.damaged-N``, and return that."""
    number = 1
    while (new := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    move(path, new)
    return new


def keep_curve(run: Run, lines: list[Line]) -> None:
    """Have ``lines`` in the curve of ``run``, which this process logged or found there, whatever
    became of the file since. A damaged file is set aside; one that the disk holds back is left as
    it is, since its lines may be whole.
    """
    if run.read_only or not lines:
        return
    faults: list[Unreadable] = []
    there = {line["step"] for line in run.curve(faults)}
    path = run.folder / "curve.jsonl"
    if faults:
        if all(isinstance(fault, Damaged) for fault in faults):
            aside(path)
            write_lines(path, lines)
        return
    for line in lines:
        if line["step"] not in there:
            run.log(line)


def write_spec(run: Run, spec: TrialSpec) -> None:
    """Describe in ``run`` the training of ``spec``, unless that is done."""
    run.write_spec(spec.train_id, spec.model_dump(mode="json", include=DESCRIBED))


def unknown_keys(folder: StudyFolder, plan: Plan) -> list[str]:
    """The keys in sound files of the study that this code does not know, a line for each file."""
    lines = []
    if keys := PLAN.unknown(folder.folder / "study.json"):
        lines.append(f"study.json holds {', '.join(keys)}")
    for run in _runs(folder, plan):
        for path, shape in _paths(run):
            if keys := shape.unknown(path):
                lines.append(
                    f"{path.relative_to(run.folder.parent.parent)} holds {', '.join(keys)}"
                )
    return [
        f"{line}, which this code does not know: a newer dit-scaling wrote it, or another hand"
        for line in lines
    ]


def _trainings(plan: Plan) -> dict[str, TrialSpec]:
    """What the plan trains, by train_id, with the trunks of cooldowns."""
    specs = {trial.train_id: trial.spec for trial in plan.trials}
    trunks = {trial.spec.trunk for trial in plan.trials} - {None}
    return {trunk.train_id: trunk for trunk in trunks if trunk} | specs


def _runs(folder: StudyFolder, plan: Plan) -> list[Run]:
    return [folder.run(train_id) for train_id in _trainings(plan)]


def _paths(run: Run) -> Iterator[tuple[Path, Shape[Any]]]:
    for pattern, shape in FILES.items():
        for path in sorted(run.folder.glob(pattern)):
            yield path, shape


def _reads(folder: StudyFolder, plan: Plan) -> Iterator[Callable[[], object]]:
    yield lambda: PLAN.read(folder.folder / "study.json")
    yield lambda: read_expected(folder.folder)
    yield lambda: read_told(folder.folder)
    yield lambda: read_arrays(folder.folder / "real.npz", images=IMAGES, labels=1)
    for run in _runs(folder, plan):
        for path, shape in _paths(run):
            yield lambda shape=shape, path=path: shape.read(path)  # type: ignore[misc]
            if path.parent.name == "evaluations":  # one may stand under another's name
                yield lambda run=run, path=path: run.evaluation(path.stem)  # type: ignore[misc]
        yield run.curve


def _run_of(path: Path, folder: StudyFolder, trainings: Iterable[str]) -> Run | None:
    """The training that the file ``path`` is of; None for a file of the study's own."""
    for train_id in trainings:
        run = folder.run(train_id)
        if path.is_relative_to(run.folder):
            return run
    return None
