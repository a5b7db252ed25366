"""Is a frozen prediction of another shape named by its field, before anything is made of it?"""

import json

import pytest

from analysis.forecasting.predictions.frozen import freeze, thaw
from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.predictions.score import score
from scaling.study import DataSpec, Protocol

CONTENT = {
    "study": "digits",
    "frozen": "2026-01-02T03:04:05+00:00",
    "code": "0.1.0",
    "rule": "!",
    "metric": "FID",
    "conditions": {
        "protocol": Protocol().model_dump(mode="json"),
        "data": DataSpec().model_dump(mode="json"),
        "ema": {"kind": "power", "length": 0.05},
        "batch": 64,
    },
    "predictions": [
        {
            "target": "DiT-d2w96/2@500",
            "model": "DiT-d2w96/2",
            "steps": 500,
            "law": "log FID = c + N",
            "fid": 20.0,
            "low": 10.0,
            "high": 40.0,
            "caveats": [],
        }
    ],
    "data": {"hash": "0", "records": []},
}


def test_what_is_frozen_is_thawed(tmp_path):
    freeze(tmp_path / "p.json", CONTENT)
    assert {k: v for k, v in thaw(tmp_path / "p.json").items() if k in CONTENT} == CONTENT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema_version": 2}, "has schema version 2, this code reads up to 1; update"),
        ({"schema_version": "two"}, r"schema_version is no whole number \(got 'two'\)"),
        ({"predictions": {}}, r"predictions is no list"),
        ({"predictions": [{}]}, r"predictions\.0\.target is missing"),
        ({"conditions": 3}, r"conditions is no object \(got 3\)"),
        ({"frozen": "yesterday"}, r"frozen: Invalid isoformat string: 'yesterday'"),
        ({"frozen": "2026-01-02"}, r"frozen: says no time zone"),
        ({"rule": "?"}, "was changed since it was frozen"),
    ],
)
def test_a_file_of_another_shape_is_named_by_its_field(tmp_path, change, said):
    path = tmp_path / "p.json"
    freeze(path, CONTENT)
    path.chmod(0o644)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=rf"p\.json {said}"):
        thaw(path)


def test_a_frozen_file_is_neither_written_over_nor_edited(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/2"], tmp_path / "p.json")
    with pytest.raises(ValueError, match=r"p\.json exists"):
        predict(held_out, ["DiT-d3w64/2"], path)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    edited = tmp_path / "edited.json"
    edited.write_text(path.read_text().replace('"fid": ', '"fid": 1'))
    with pytest.raises(ValueError, match="changed since it was frozen"):
        score(edited, held_out)
    edited.write_text(
        path.read_text().replace('"schema_version": 1,\n "study"', '"schema_version": 9,\n "study"')
    )
    with pytest.raises(ValueError, match="schema version 9"):
        score(edited, held_out)
