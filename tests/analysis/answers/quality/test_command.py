"""Does ``scaling quality`` tell epochs, workers and hours from the records, as lines and JSON?"""

import json

import pytest

from analysis.answers.quality.command import images_per_epoch, run, workers_of


def test_every_model_has_its_line_and_its_object(finished):
    lines = run(finished.folder, [3.0], "fid", None, False).splitlines()
    assert lines[0].startswith("EP_FID@3 (ema-power-0.05): ")
    assert len(lines) == 1 + 12
    objects = json.loads(run(finished.folder, [3.0, 2.0], "fid", 2.5, True))
    assert len(objects) == 24
    for one in objects:
        assert (one["images"] is None) == (one["reached_by"] < one["seeds"])
        if one["cost"] is not None:
            assert one["cost"] == pytest.approx(2.5 * one["device_hours"])


def test_workers_of_a_training_are_read_from_its_record(finished):
    assert set(workers_of(finished).values()) == {1}
    assert len(workers_of(finished)) == 36


def test_epochs_are_known_where_all_training_images_were_compared_with(finished):
    assert images_per_epoch(finished) == 1433
