"""Is what is written here at the store, and what is there here, whoever wrote it last?"""

import os

import pytest

from scaling.records import Run, StudyFolder
from scaling.records.files import append_line, write_json
from scaling.records.storage import copies
from scaling.records.storage.copies import move, pull, refresh, remove, send, send_changed
from scaling.records.storage.places import here
from scaling.records.storage.stores import StoreError, store_at


@pytest.fixture
def at(bucket):
    return f"{bucket}/study"


def test_a_file_that_is_written_is_at_the_store_and_comes_from_it(at, another_machine):
    write_json(here(at) / "a.json", {"x": 1})
    assert store_at(at).listing(at).keys() == {"a.json"}
    another_machine()
    assert not here(at).exists()
    pull(here(at))
    assert (here(at) / "a.json").read_text() == '{\n "x": 1\n}\n'
    write_json(here(at) / "a.json", {"x": 2})
    assert b'"x": 2' in store_at(at).read(f"{at}/a.json")


def test_what_is_removed_or_renamed_is_so_on_every_machine(at, another_machine):
    write_json(here(at) / "a.json", 1)
    write_json(here(at) / "b.json", 2)
    mine = os.environ["DIT_SCALING_CACHE"]
    another_machine()
    pull(here(at))
    remove(here(at) / "a.json")
    move(here(at) / "b.json", here(at) / "c.json")
    os.environ["DIT_SCALING_CACHE"] = mine
    pull(here(at))
    assert [path.name for path in here(at).iterdir()] == ["c.json"]


def test_lines_go_to_the_store_when_they_are_sent(at):
    curve = here(at) / "curve.jsonl"
    write_json(here(at) / "a.json", 1)
    append_line(curve, {"step": 1})
    assert "curve.jsonl" not in store_at(at).listing(at)
    send(curve)
    append_line(curve, {"step": 2})
    pull(here(at))  # what is still to be sent stays
    assert len(curve.read_text().splitlines()) == 2
    send_changed(here(at))
    assert store_at(at).read(f"{at}/curve.jsonl") == curve.read_bytes()


def test_where_two_machines_wrote_the_stores_file_is_taken(at, another_machine):
    state = Run(here(at))
    state.write_state("running", step=1)
    mine = os.environ["DIT_SCALING_CACHE"]
    another_machine()
    Run(here(at)).write_state("preempted", step=2)
    os.environ["DIT_SCALING_CACHE"] = mine
    state.renew_state("running", None, step=3)
    send_changed(here(at))
    refresh(state.path)
    assert (state.state()["state"], state.state()["step"]) == ("preempted", 2)


def test_locks_and_half_drawn_samples_stay_here(at):
    folder = here(at)
    for name in ("lock", "evaluating/x.parts/part-0-1.npy", ".a.json.12345678.tmp", ".frames/t"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / "report.html").write_text("x")
    send_changed(folder)
    assert store_at(at).listing(at).keys() == {"report.html"}


def test_who_lost_its_lease_writes_nothing_more(at):
    copies.give_up(here(at))
    with pytest.raises(StoreError, match="another process took this work over"):
        write_json(here(at) / "a.json", 1)
    copies.take_up(here(at))
    send_changed(here(at))
    assert store_at(at).listing(at).keys() == {"a.json"}


def test_an_ordinary_folder_knows_of_no_store(tmp_path):
    write_json(tmp_path / "a.json", 1)
    pull(tmp_path), send_changed(tmp_path), refresh(tmp_path / "a.json")
    move(tmp_path / "a.json", tmp_path / "b.json")
    remove(tmp_path / "b.json")
    assert list(tmp_path.iterdir()) == [] and StudyFolder(tmp_path).run("x").folder.parent.name
