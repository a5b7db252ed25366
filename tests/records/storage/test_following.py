"""Is a store that cannot keep results refused at once, and is a study in it taken whole?"""

import pytest

from scaling.records import StudyFolder
from scaling.records.storage.following import check_store, fetched, study_at, trainings
from scaling.records.storage.places import here
from scaling.records.storage.stores import PATIENCE, store_at
from tests.analysis.synthetic_study import digits_like


def test_a_bucket_that_is_not_there_is_refused(s3):
    with pytest.raises(ValueError, match=r"results at s3://no-such-bucket/a: not found"):
        check_store(here("s3://no-such-bucket/a"))


def test_a_sound_store_is_left_as_it_was(bucket):
    check_store(here(f"{bucket}/a"))
    assert store_at(bucket).listing(bucket) == {}


def test_a_store_of_read_only_pages_is_refused():
    with pytest.raises(ValueError, match=r"cannot write results at http://127\.0\.0\.1:9/a: "):
        check_store(here("http://127.0.0.1:9/a"))


def test_a_folder_of_this_machine_needs_no_store(tmp_path):
    check_store(tmp_path / "none")
    assert fetched(tmp_path / "a") == tmp_path / "a"
    plan = digits_like(seeds=1)
    StudyFolder(tmp_path / plan.name).write_plan(plan)
    assert study_at(tmp_path / plan.name).plan() == plan


def test_what_a_plan_trains_is_told_once():
    plan = digits_like(seeds=2)
    assert trainings(plan) == sorted({trial.train_id for trial in plan.trials})
    assert len(trainings(plan)) == 24


def test_what_is_at_no_url_is_named(bucket):
    store_at(bucket).put(f"{bucket}/there.txt", b"1")
    assert fetched(f"{bucket}/there.txt").read_bytes() == b"1"
    with pytest.raises(ValueError, match=rf"^there is nothing at {bucket}/nowhere, or"):
        fetched(f"{bucket}/nowhere")


def test_a_server_that_is_not_there_is_not_waited_for(monkeypatch):
    monkeypatch.setenv(PATIENCE, "1000")
    with pytest.raises(
        ValueError, match=r"^there is nothing at http://127\.0\.0\.1:9/a, or its serv"
    ):
        fetched("http://127.0.0.1:9/a")
