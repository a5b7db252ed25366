"""Do the verbs of forecasts refuse in one line what is not there?"""

import pytest

from tests.commands.outcome import assert_refused


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["predict", "one", "--target", "DiT-S/2"], "one holds no study.json"),
        (
            ["suggest", "one", "--target", "DiT-S/2@1M", "--gpu-hours", "1"],
            "one holds no study.json",
        ),
        (["score", "predictions.json", "one"], "there is no file predictions.json"),
    ],
)
def test_what_is_not_there_is_one_line_and_code_2(
    capsys, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    assert_refused(capsys, tmp_path, message, *arguments)
