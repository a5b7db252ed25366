"""Does the shape of an evaluation's file take what evaluations hold, and name what it does not?"""

import json

import pytest

from scaling.records.evaluation_shape import EVALUATION
from scaling.records.parsed import Damaged, Newer
from scaling.records.shapes import SCHEMA
from tests.written import evaluation

FID = {"metric": "fid", "value": 31.5, "reference": "train", "features": "inception"}


@pytest.fixture
def content(tiny):
    return evaluation(tiny, 6, figures=[FID])


def parsed(content):
    return EVALUATION.parse(json.dumps(content).encode(), "evaluation.json")


def test_what_was_measured_is_read_as_it_was_written(content):
    assert parsed(content) == content


def test_a_value_may_be_unknown_and_then_says_why(content):
    content["figures"] = [{**FID, "value": None, "why": "no sample is finite"}]
    assert parsed(content) == content


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        ("figures", [{**FID, "metric": "beauty"}], "metric: is no metric; those are fid, kid"),
        ("figures", [{**FID, "value": "31.5"}], "value is no number"),
        ("figures", [{**FID, "samples": -1}], "samples"),
        ("ema", {"kind": "forgetful"}, "ema"),
        ("protocol", {"samples": "many"}, "protocol"),
        ("tokenizer", {"name": "f8", "factor": 0}, "factor"),
        ("measured", "2026-01-02T03:04:05", "measured: says no time zone"),
    ],
)
def test_what_was_never_written_is_named(content, place, value, named):
    with pytest.raises(Damaged, match=named):
        parsed(content | {place: value})


def test_a_file_of_newer_code_is_no_damage(content):
    with pytest.raises(Newer, match="update dit-scaling"):
        parsed(content | {"schema_version": SCHEMA + 1})
