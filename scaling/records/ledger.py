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

A study folder that holds its own ``runs/`` (a committed reference, say) is complete in itself.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from scaling.records.files import append_line, read_json, read_lines, write_arrays, write_json
from scaling.study.plan import SCHEMA as PLAN_SCHEMA
from scaling.study.plan import Plan

SCHEMA = 1  # of spec, state, record, evaluation files; a reader refuses a newer one
HEARTBEAT_S = 1.0  # a running trial renews its state this often
STALE_AFTER_S = 60.0  # a running trial silent for longer is dead

STATES = ("pending", "running", "completed", "diverged", "failed", "preempted", "stopped")


@dataclass(frozen=True)
class StateFile:
    """The file ``path`` in which a training or an evaluation says how it stands."""

    path: Path
    read_only: bool = False  # writing does nothing

    def state(self) -> dict:
        """The last state written, ``pending`` where there is none."""
        return _checked(self.path) or {"state": "pending", "why": None}

    def write_state(self, state: str, why: str | None = None, **progress) -> None:
        """Set the state (one of STATES) and why, with ``progress`` such as step, loss and
        images_per_s.
        """
        if state not in STATES:
            raise ValueError(f"state {state!r} is not one of {', '.join(STATES)}")
        if not self.read_only:
            stands = {"schema_version": SCHEMA, "state": state, "why": why}
            write_json(self.path, {**stands, "heartbeat": time.time(), **progress})

    def clear(self) -> None:
        if not self.read_only:
            self.path.unlink(missing_ok=True)


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

    def spec(self) -> dict | None:
        return _checked(self.folder / "spec.json")

    def state(self) -> dict:
        """The training's last state, ``pending`` where there is none."""
        return self._state_file("state.json").state()

    def write_state(self, state: str, why: str | None = None, **progress) -> None:
        self._state_file("state.json").write_state(state, why, **progress)

    def evaluating(self, eval_id: str) -> StateFile:
        """How the evaluation stands; cleared when its measurement is written."""
        return self._state_file(f"evaluating/{eval_id}.json")

    def _state_file(self, name: str) -> StateFile:
        return StateFile(self.folder / name, self.read_only)

    def record(self) -> dict | None:
        # Thousands are read, and making a Path takes as long as reading the file.
        return _checked(f"{self.folder}/record.json")

    def write_record(self, record: dict) -> None:
        self._write(write_json, "record.json", {"schema_version": SCHEMA, **record})

    def log(self, line: dict) -> None:
        """Append ``line`` to the curve."""
        self._write(append_line, "curve.jsonl", line)

    def curve(self) -> list[dict]:
        """The logged lines by step; where a resumed run measured a step again, the later line."""
        by_step = {line["step"]: line for line in read_lines(self.folder / "curve.jsonl")}
        return [by_step[step] for step in sorted(by_step)]

    def evaluation(self, eval_id: str) -> dict | None:
        return _checked(f"{self.folder}/evaluations/{eval_id}.json")

    def evaluations(self) -> list[dict]:
        """Every evaluation of this training, whoever asked for it."""
        paths = sorted((self.folder / "evaluations").glob("*.json"))
        return [found for path in paths if (found := _checked(path)) is not None]

    def measured_steps(self) -> set[int]:
        """The steps that any evaluation on disk measured."""
        return {evaluation["step"] for evaluation in self.evaluations()}

    def write_evaluation(self, eval_id: str, evaluation: dict) -> None:
        content = {"schema_version": SCHEMA, **evaluation}
        self._write(write_json, f"evaluations/{eval_id}.json", content)

    def samples(self, eval_id: str) -> dict[str, np.ndarray] | None:
        """The first samples of an evaluation: images (n, C, H, W) uint8 and labels (n,).

        None where they were not kept.
        """
        path = self.folder / "samples" / f"{eval_id}.npz"
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)

    def write_samples(self, eval_id: str, arrays: dict[str, np.ndarray]) -> None:
        self._write(write_arrays, f"samples/{eval_id}.npz", arrays)


@dataclass(frozen=True)
class StudyFolder:
    """The folder of one study, ROOT/NAME."""

    folder: Path

    def plan(self) -> Plan:
        """The frozen plan. ValueError where the folder holds none, or one of a newer schema."""
        path = self.folder / "study.json"
        if not path.is_file():
            raise ValueError(
                f"{self.folder} holds no study.json; run the study first, or name its results "
                "folder"
            )
        try:
            # in a third less time than by way of Python's dicts
            plan = Plan.model_validate_json(path.read_bytes())
        except ValidationError:
            # no JSON, or of a schema that this code does not know
            _checked(path, newest=PLAN_SCHEMA)
            raise
        _refuse_newer(path, plan.schema_version, PLAN_SCHEMA)
        return plan

    def write_plan(self, plan: Plan) -> None:
        write_json(self.folder / "study.json", plan.model_dump(mode="json"))

    def run(self, train_id: str) -> Run:
        own = f"{self.folder}/runs"
        return Run(Path(own if os.path.isdir(own) else self.folder.parent / "runs", train_id))


def _checked(path: Path | str, newest: int = SCHEMA) -> dict | None:
    data = read_json(path)
    if data is not None:
        _refuse_newer(path, data.get("schema_version", 0), newest)
    return data


def _refuse_newer(path: Path | str, version: int, newest: int) -> None:
    if version > newest:
        raise ValueError(
            f"{path} has schema version {version}, this code reads up to {newest}; "
            "update dit-scaling to read it"
        )
