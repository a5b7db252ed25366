"""Does Weights & Biases, offline, get the records, each step once, also over a resumed sweep?"""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb.proto.wandb_internal_pb2 import Record

from scaling.loggers.board import bring_up_to_date, points_of
from scaling.loggers.wandb import STEP, Wandb
from tests.loggers.conftest import write_fid
from tests.written import line

BLOCK = 32768  # bytes
PATIENCE_S = 60
LOSS, FID = "training/loss", "fid/FID-80_vs_train"


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    for name in ("CACHE_DIR", "CONFIG_DIR", "DATA_DIR"):
        monkeypatch.setenv(f"WANDB_{name}", str(tmp_path / name))
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture
def trial(study):
    return study.plan().trials[0]


def write(study, trial) -> None:
    board = Wandb(study.folder, study.plan())
    bring_up_to_date(board, trial, points_of(trial, study.run(trial.train_id)))
    board.close(trial)


def entries(path: Path) -> Iterator[bytes]:
    """The entries of an offline run: LevelDB's log, after a header of 7 bytes."""
    data, at, parts = path.read_bytes(), 7, b""
    while at + 7 <= len(data):
        if BLOCK - at % BLOCK < 7:  # too little for the head of an entry
            at += BLOCK - at % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        parts += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def records(study) -> list[Record]:
    """All that would be sent, over all of a study's offline runs, in their order."""
    found = []
    for path in sorted(study.folder.glob("wandb/offline-run-*/*.wandb")):
        end = time.monotonic() + PATIENCE_S
        while True:  # its own process writes the file, some time after it was told to finish
            read = [Record.FromString(data) for data in entries(path)]
            if any(record.HasField("exit") for record in read):
                break
            assert time.monotonic() < end, f"{path} does not end"
            time.sleep(0.02)
        found += read
    return found


def shown(study, name: str) -> dict[str, list[tuple[int, float]]]:
    """By the run's id."""
    found, run = {}, ""
    for record in records(study):
        if record.HasField("run"):
            run = record.run.run_id
        items = {
            item.key or "/".join(item.nested_key): json.loads(item.value_json)
            for item in record.history.item
        }
        if name in items:
            found.setdefault(run, []).append((items[STEP], items[name]))
    return found


def test_trial_and_identity_name_the_run_and_a_resumed_sweep_adds_what_is_new(study, trial):
    write(study, trial)
    write_fid(study, 12, 29.0)
    write(study, trial)
    write(study, trial)
    run = f"{trial.trial_id}-{trial.train_id}"
    assert shown(study, LOSS) == {run: [(5, 0.2), (10, 0.1), (12, 1 / 12)]}
    assert shown(study, FID) == {run: [(6, 31.5), (12, 29.0)]}
    (named,) = {r.run.display_name for r in records(study) if r.HasField("run")}
    assert named == trial.trial_id
    assert {r.run.project for r in records(study) if r.HasField("run")} == {"two"}


def test_a_step_that_was_measured_again_is_another_run(study, trial):
    write(study, trial)
    study.run(trial.train_id).log(line(10, 0.5))
    write(study, trial)
    run = f"{trial.trial_id}-{trial.train_id}"
    assert shown(study, LOSS)[f"{run}-1"] == [(5, 0.2), (10, 0.5), (12, 1 / 12)]


def test_a_damaged_note_begins_another_run(study, trial):
    write(study, trial)
    (study.folder / "wandb" / "sent" / f"{trial.trial_id}.json").write_text('{"again": 0, "po')
    write(study, trial)
    assert [points for points in shown(study, LOSS).values()] == [
        [(5, 0.2), (10, 0.1), (12, 1 / 12)]
    ] * 2
