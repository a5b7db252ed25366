"""Does a board show what the records say, each step once, and follow where they change?"""

import pytest

from scaling.loggers.board import Point, bring_up_to_date, points_of, tag
from tests.loggers.conftest import write_fid
from tests.written import line


class Kept:
    """A board that keeps points in order."""

    def __init__(self):
        self.points, self.cleared = [], 0

    def held(self, trial):
        found = {}
        for point in self.points:
            found.setdefault(point.tag, {})[point.step] = point.value
        return found

    def add(self, trial, points):
        self.points += points

    def clear(self, trial):
        self.points, self.cleared = [], self.cleared + 1

    def close(self, trial):
        pass


@pytest.fixture
def trial(study):
    return study.plan().trials[0]


def test_points_are_the_curve_and_the_figures_under_their_protocol(study, trial):
    points = points_of(trial, study.run(trial.train_id))
    values = {(point.tag, point.step): point.value for point in points}
    assert values[("training/loss", 10)] == 0.1 and values[("training/images_per_s", 5)] == 9.0
    assert values[("heldout/loss_ema-power-0.05", 12)] == 0.25
    assert values[("evaluation/heldout_loss", 6)] == 0.5
    assert values[("fid/FID-80_vs_train", 6)] == 31.5
    assert not any(point.tag == "training/mfu" for point in points)  # null in the records
    assert [point.step for point in points] == sorted(point.step for point in points)
    measured = next(point for point in points if point.tag.startswith("fid"))
    assert measured.time == 1767323045.0  # 2026-01-02T03:04:05+00:00


def test_steps_after_the_trials_end_are_another_trials(study, trial):
    run = study.run(trial.train_id)
    run.log(line(500))
    assert max(point.step for point in points_of(trial, run)) == 12


def test_a_figure_without_value_is_no_point(study, trial):
    write_fid(study, 6, None)
    points = points_of(trial, study.run(trial.train_id))
    assert not any(point.tag.startswith("fid") for point in points)


def test_a_damaged_line_is_passed_over(study, trial):
    run = study.run(trial.train_id)
    with open(run.folder / "curve.jsonl", "a") as file:
        file.write("{no json}\n")
    losses = [p.step for p in points_of(trial, run) if p.tag == "training/loss"]
    assert losses == [5, 10, 12]


def test_new_points_are_appended(trial):
    board, points = Kept(), [Point("a", step, 1.0, 0.0) for step in (1, 2, 3)]
    held = bring_up_to_date(board, trial, points[:2])
    bring_up_to_date(board, trial, points, held)
    bring_up_to_date(board, trial, points)
    assert board.points == points and board.cleared == 0


@pytest.mark.parametrize(
    "now",
    [
        [Point("a", 1, 1.0, 0.0), Point("a", 3, 9.0, 0.0)],  # measured again, another value
        [Point("a", 1, 1.0, 0.0)],  # a line was lost
        [Point("a", step, 1.0, 0.0) for step in (1, 2, 3)],  # one between two that are there
        [Point("b", 1, 1.0, 0.0)],  # another protocol
    ],
)
def test_what_disagrees_is_written_anew(trial, now):
    board = Kept()
    bring_up_to_date(board, trial, [Point("a", 1, 1.0, 0.0), Point("a", 3, 1.0, 0.0)])
    bring_up_to_date(board, trial, now)
    assert board.points == now and board.cleared == 1


def test_single_precision_is_no_disagreement(trial):
    board = Kept()
    board.points = [Point("a", 1, 0.10000000149011612, 0.0)]
    bring_up_to_date(board, trial, [Point("a", 1, 0.1, 0.0)])
    assert board.cleared == 0


def test_tags_are_in_letters_that_all_boards_take():
    assert tag("fid/FID-1K, ddpm100, cfg 1.0") == "fid/FID-1K_ddpm100_cfg_1.0"


def test_a_line_of_a_training_whose_record_is_lost_has_no_time(study, trial):
    run = study.run(trial.train_id)
    times = {p.time for p in points_of(trial, run) if p.tag == "training/loss"}
    assert run.record() is None and times == {None}
