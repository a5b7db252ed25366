"""Do the shapes of the ledger's files take what was written, and nothing else?"""

import json

import pytest

from scaling.records.parsed import Damaged
from scaling.records.shapes import LINE, MANIFEST, RECORD, SPEC, STATE, STATES, TELLS
from tests.written import ID, line

TIME = "2026-01-02T03:04:05+00:00"
SOUND = {
    "state": (STATE, {"state": "running", "why": None, "heartbeat": 1.5, "step": 4}),
    "record": (RECORD, {"train_id": ID, "count": {"params_m": 1.5}, "sessions": []}),
    "line": (LINE, line(5, 0.2)),
    "manifest": (
        MANIFEST,
        {"step": 5, "train_wall_s": 1.0, "emas": [], "sha256": {"weights": 64 * "0"}},
    ),
}


def parsed(shape, content):
    return shape.parse(json.dumps(content).encode(), "file.json")


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_read_as_it_was_written(name):
    shape, content = SOUND[name]
    assert parsed(shape, content) == content


@pytest.mark.parametrize("name", SOUND)
def test_each_needed_key_is_missed_by_its_name(name):
    shape, content = SOUND[name]
    for key in shape.kind.__required_keys__ if name != "state" else ("state", "why"):
        with pytest.raises(Damaged, match=f"{key} is missing"):
            parsed(shape, {k: value for k, value in content.items() if k != key})


@pytest.mark.parametrize("state", STATES)
def test_a_state_tells_what_its_reader_needs(state):
    lacking = TELLS.get(state)
    if lacking is None:
        assert parsed(STATE, {"state": state, "why": None})["state"] == state
        return
    with pytest.raises(Damaged, match=f"{lacking} of a {state} job is missing"):
        parsed(STATE, {"state": state, "why": None})


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("state", "pid", 0),
        ("state", "step", -1),
        ("record", "train_id", "short"),
        ("line", "step", 5.0),
        ("manifest", "sha256", {"weights": "0"}),
    ],
)
def test_a_value_that_was_never_written_is_named(name, field, value):
    shape, content = SOUND[name]
    with pytest.raises(Damaged, match=field):
        parsed(shape, content | {field: value})


def test_a_time_without_its_zone_is_refused():
    entry = {"ended": None, "from_step": 0, "to_step": None, "provenance": PROVENANCE}
    record = {"count": None, "sessions": [{"started": TIME, **entry}]}
    assert parsed(RECORD, record) == record
    record["sessions"][0]["started"] = TIME.removesuffix("+00:00")
    with pytest.raises(Damaged, match="started: says no time zone"):
        parsed(RECORD, record)


PROVENANCE = {
    "code": "1.0",
    "versions": {"torch": "2.9"},
    "device": "cpu",
    "cpu": "any",
    "threads": 1,
    "platform": "Linux",
    "cpus": 2,
}


def test_a_described_training_needs_a_network_that_can_be_built(tiny):
    fields = tiny.model_dump(mode="json")
    described = {key: fields[key] for key in ("model", "data", "diffusion", "train")}
    content = {"train_id": tiny.train_id, **described}
    assert parsed(SPEC, content) == content
    with pytest.raises(Damaged, match="model"):
        parsed(SPEC, content | {"model": {"family": "perceptron"}})
