"""Do the simplest guesses stand beside a prediction's error?"""

import json

import numpy as np
import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.predictions.score import score, score_text
from tests.analysis.forecasting.largest import run_largest


def test_the_error_stands_beside_those_of_the_simplest_guesses(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/2"], tmp_path / "p.json")
    run_largest(held_out)
    (one,) = score(path, held_out)["targets"]
    records = [r for r in json.loads(path.read_text())["data"]["records"] if r["step"] == 500]
    of_largest = [r["value"] for r in records if r["model"] == "DiT-d2w48/2"]
    largest, line = (one["naive"][name] for name in ("the largest measured", "a line per curve"))
    assert largest["fid"] == pytest.approx(np.exp(np.mean(np.log(of_largest))))
    assert largest["log_error"] == pytest.approx(np.log(largest["fid"] / one["measured"]))
    assert abs(line["log_error"]) < 0.2 < abs(largest["log_error"])
    assert "naive: the largest measured" in score_text(score(path, held_out))
