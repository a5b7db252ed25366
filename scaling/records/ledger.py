"""Where does a measurement live on disk? One folder per training, shared by all studies under a
results root.

    ROOT/runs/<train-id>/
        spec.json  state.json  record.json  curve.jsonl
        checkpoints/
        evaluations/<eval-id>.json
        samples/<eval-id>.npz
        evaluating/<eval-id>.json      an evaluation that is being made, failed or was stopped
        evaluating/<eval-id>.parts/    the samples that it has drawn so far
    ROOT/<study>/
        study.json  figures/  report.html
        sweep.json                     while a sweep works on the study: who that is

A study folder that holds its own ``runs/`` (a committed reference, say) is complete in itself.
"""

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scaling.records.arrays import IMAGES, read_arrays
from scaling.records.evaluation_shape import EVALUATION, Evaluation
from scaling.records.files import append_line, whole_lines, write_arrays, write_json
from scaling.records.parsed import Damaged, Unreadable, not_read
from scaling.records.shapes import (
    AGAIN,
    LINE,
    PLAN,
    RECORD,
    SCHEMA,
    SPEC,
    Described,
    Line,
    Record,
    SessionEntry,
    State,
)
from scaling.records.state.file import StateFile
from scaling.records.storage.copies import send
from scaling.study.planning.plan import Plan


@dataclass(frozen=True)
class Run:
    """The folder of one training.

    One process writes it: of several workers, the lead. The others see it ``read_only``, and then
    all writing does nothing, so that the same code runs on every worker.
    """

    folder: Path
    read_only: bool = False

    def as_read_only(self) -> "Run":
        return replace(self, read_only=True)

    def sibling(self, train_id: str) -> "Run":
        """Another training under the same root, read-only if this one is."""
        return replace(self, folder=self.folder.parent / train_id)

    def _write(self, write: Callable[[Path, Any], None], name: str, value) -> None:
        """Every write but a state's goes through here."""
        if not self.read_only:
            write(self.folder / name, value)

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def lock(self) -> Path:
        return self.folder / "lock"

    def write_spec(self, train_id: str, identity: dict) -> None:
        """Once; a spec that is there already stays."""
        if self.spec() is None:
            spec = {"schema_version": SCHEMA, "train_id": train_id, **identity}
            self._write(write_json, "spec.json", spec)

    def spec(self) -> Described | None:
        return SPEC.read(self.folder / "spec.json")

    def state(self) -> State:
        """The training's last state, ``pending`` where there is none."""
        return self._state_file("state.json").state()

    def write_state(self, state: str, why: str | None = None, **progress) -> None:
        self._state_file("state.json").write_state(state, why, **progress)

    def renew_state(self, state: str, why: str | None, **progress) -> None:
        self._state_file("state.json").renew_state(state, why, **progress)

    def alone(self) -> contextlib.AbstractContextManager[None]:
        return self._state_file("state.json").alone()

    @property
    def path(self) -> Path:
        """The file of the training's state, as a StateFile has it."""
        return self.folder / "state.json"

    def evaluating(self, eval_id: str) -> StateFile:
        """How the evaluation stands; cleared when its measurement is written."""
        return self._state_file(f"evaluating/{eval_id}.json")

    def _state_file(self, name: str) -> StateFile:
        return StateFile(self.folder / name, self.read_only)

    def record(self) -> Record | None:
        # Thousands are read, and making a Path takes as long as reading the file.
        return RECORD.read(f"{self.folder}/record.json")

    def sessions(self) -> list[SessionEntry]:
        """Who worked on the training; none where the record cannot be read, as its trials say."""
        try:
            record = self.record()
        except Unreadable:
            return []
        return record["sessions"] if record else []

    def write_record(self, record: dict) -> None:
        self._write(write_json, "record.json", {"schema_version": SCHEMA, **record})

    def log(self, line: Line) -> None:
        """Append ``line`` to the curve, which goes to a store with ``send_curve``."""
        self._write(append_line, "curve.jsonl", line)

    def send_curve(self) -> None:
        """Have the store hold every line that was logged."""
        if not self.read_only:
            send(self.folder / "curve.jsonl")

    def curve(self, faults: list[Unreadable] | None = None) -> list[Line]:
        """The logged lines by step; where a resumed run measured a step again, the later line.

        Raises Unreadable for lines that were never logged; with ``faults`` these are added there
        and passed over.
        """
        path, found = self.folder / "curve.jsonl", {}
        try:
            for number, text in whole_lines(path):
                try:
                    line = LINE.parse(text, path)
                    found[line["step"]] = line
                except Damaged as error:
                    raise_or_add(Damaged(path, f"line {number} {error.why}", LINE.mend), faults)
        except OSError as error:
            raise_or_add(not_read(path, error, LINE.mend), faults)
        return [found[step] for step in sorted(found)]

    def evaluation(self, eval_id: str) -> Evaluation | None:
        path = f"{self.folder}/evaluations/{eval_id}.json"
        found = EVALUATION.read(path)
        if found is not None and found["eval_id"] != eval_id:
            raise Damaged(path, f"holds the measurement {found['eval_id']}", AGAIN)
        return found

    def is_measured(self, eval_id: str) -> bool:
        """Whether the evaluation is on disk, and sound."""
        try:
            return self.evaluation(eval_id) is not None
        except Damaged:
            return False

    def evaluations(self, faults: list[Unreadable] | None = None) -> list[Evaluation]:
        """Every evaluation of this training, whoever asked for it; ``faults`` as in ``curve``."""
        found = []
        for path in sorted((self.folder / "evaluations").glob("*.json")):
            try:
                found.append(self.evaluation(path.stem))
            except Unreadable as error:
                raise_or_add(error, faults)
        return [evaluation for evaluation in found if evaluation is not None]

    def measured_steps(self) -> set[int]:
        """The steps that any sound evaluation on disk measured."""
        return {evaluation["step"] for evaluation in self.evaluations(faults=[])}

    def write_evaluation(self, eval_id: str, evaluation: dict) -> None:
        content = {"schema_version": SCHEMA, **evaluation}
        self._write(write_json, f"evaluations/{eval_id}.json", content)

    def samples(self, eval_id: str) -> dict[str, np.ndarray] | None:
        """The first samples of an evaluation: images (n, C, H, W) uint8, or clips
        (n, C, F, H, W), and labels (n,).

        None where they were not kept.
        """
        return read_arrays(self.folder / "samples" / f"{eval_id}.npz", images=IMAGES, labels=1)

    def write_samples(self, eval_id: str, arrays: dict[str, np.ndarray]) -> None:
        self._write(write_arrays, f"samples/{eval_id}.npz", arrays)


@dataclass(frozen=True)
class StudyFolder:
    """The folder of one study, ROOT/NAME."""

    folder: Path

    def plan(self) -> Plan:
        """The frozen plan. ValueError where the folder holds none, or one of a newer schema."""
        plan = PLAN.read(self.folder / "study.json")
        if plan is None:
            raise ValueError(
                f"{self.folder} holds no study.json; run the study first, or name its results "
                "folder"
            )
        return plan

    def write_plan(self, plan: Plan) -> None:
        write_json(self.folder / "study.json", plan.model_dump(mode="json"))

    def run(self, train_id: str) -> Run:
        own = f"{self.folder}/runs"
        return Run(Path(own if os.path.isdir(own) else self.folder.parent / "runs", train_id))


def raise_or_add(error: Unreadable, faults: list[Unreadable] | None) -> None:
    """Raise ``error``, or add it to ``faults`` where the caller goes on without the file."""
    if faults is None:
        raise error
    faults.append(error)
