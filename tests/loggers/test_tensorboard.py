"""Do event files hold the records, each step once, however their writer ended?"""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from scaling.loggers.board import bring_up_to_date, points_of
from scaling.loggers.tensorboard import TensorBoard
from tests.loggers.conftest import write_fid
from tests.written import line

LOSS, FID = "training/loss", "fid/FID-80_vs_train"


@pytest.fixture
def trial(study):
    return study.plan().trials[0]


def write(study, trial) -> TensorBoard:
    """As a sweep does that begins, and is then killed: nothing is closed."""
    board = TensorBoard(study.folder, study.plan())
    bring_up_to_date(board, trial, points_of(trial, study.run(trial.train_id)))
    return board


def shown(study, trial, name: str) -> list[tuple[int, float]]:
    """The steps and values that TensorBoard itself reads."""
    place = study.folder / "tensorboard" / trial.trial_id / trial.train_id
    read = EventAccumulator(str(place)).Reload()
    return [(event.step, pytest.approx(event.value)) for event in read.Scalars(name)]


def test_tensorboard_reads_what_the_records_say(study, trial):
    write(study, trial)
    assert shown(study, trial, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]
    assert shown(study, trial, FID) == [(6, 31.5)]


def test_study_trial_and_identity_are_names(study, trial):
    write(study, trial)
    read = EventAccumulator(str(study.folder / "tensorboard" / trial.trial_id / trial.train_id))
    told = read.Reload().Tensors("trial/text_summary")[0].tensor_proto.string_val[0].decode()
    assert told == f"two: ?\n\n{trial.trial_id}, training {trial.train_id}, {trial.model}"


def test_a_resumed_sweep_adds_what_is_new(study, trial):
    write(study, trial)
    write_fid(study, 12, 29.0)
    write(study, trial)
    write(study, trial)
    assert shown(study, trial, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]
    assert shown(study, trial, FID) == [(6, 31.5), (12, 29.0)]


def test_writers_of_one_second_are_read_in_their_order(study, trial, monkeypatch):
    """torch numbers the files of a process, and 10 comes before 9 where names are sorted."""
    monkeypatch.setattr(event_file_writer, "_global_uid", event_file_writer.AtomicCounter(9))
    write(study, trial)
    write_fid(study, 12, 29.0)
    write(study, trial)
    assert shown(study, trial, FID) == [(6, 31.5), (12, 29.0)]


@pytest.mark.parametrize("left", [0.0, 0.3, 0.7, 0.97])
def test_a_file_that_a_killed_writer_left_is_made_up_for(study, trial, left):
    write(study, trial)
    (path,) = (study.folder / "tensorboard" / trial.trial_id / trial.train_id).iterdir()
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data))])
    write(study, trial)
    assert shown(study, trial, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]
    assert shown(study, trial, FID) == [(6, 31.5)]


@pytest.mark.parametrize("where", [0.0, 0.3, 0.7])
def test_a_file_with_a_changed_byte_is_made_up_for(study, trial, where):
    write(study, trial)
    (path,) = (study.folder / "tensorboard" / trial.trial_id / trial.train_id).iterdir()
    data = bytearray(path.read_bytes())
    data[int(where * len(data))] ^= 0xFF
    path.write_bytes(data)
    write(study, trial)
    assert shown(study, trial, LOSS) == [(5, 0.2), (10, 0.1), (12, 1 / 12)]
    assert shown(study, trial, FID) == [(6, 31.5)]


def test_a_step_that_was_measured_again_shows_its_last_value_alone(study, trial):
    board = write(study, trial)
    study.run(trial.train_id).log(line(10, 0.5))
    bring_up_to_date(board, trial, points_of(trial, study.run(trial.train_id)))
    assert shown(study, trial, LOSS) == [(5, 0.2), (10, 0.5), (12, 1 / 12)]
