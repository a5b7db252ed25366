"""Are predictions frozen before the fact, kept, and scored honestly afterwards?"""

import json

import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.predictions.score import score, score_text, sound
from analysis.forecasting.suggestions.suggest import suggest
from scaling.cli import main
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like, measure


def test_several_targets_are_named_in_a_row_as_the_readme_writes_them(held_out, tmp_path, capsys):
    path = tmp_path / "two.json"
    with pytest.raises(SystemExit) as left:
        main(
            [
                "predict",
                str(held_out.folder),
                "--target",
                "DiT-d3w64/4",
                "DiT-d3w64/2@500",
                "--out",
                str(path),
            ]
        )
    assert left.value.code == 0
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "DiT-d3w64/4@500",
        "DiT-d3w64/2@500",
        str(path),
    ]


def test_steps_that_no_record_has_are_predicted_from_size_and_images(held_out, tmp_path):
    (one,) = json.loads(
        predict(held_out, ["DiT-d2w32/4@1k"], tmp_path / "longer.json").read_text()
    )["predictions"]
    assert (
        one["steps"] == 1000 and "ensemble" in one["law"] and one["low"] < one["fid"] < one["high"]
    )
    assert one["earlier_steps_measured"] == [100, 200, 300, 400, 500]
    assert one["audit"]["rms_log_error"] is not None or one["audit"]["why_not"]


def test_what_is_measured_is_no_longer_predicted(held_out, tmp_path):
    with pytest.raises(ValueError, match="DiT-d2w32/4@500 is measured already"):
        predict(held_out, ["DiT-d2w32/4"], tmp_path / "late.json")
    path = predict(held_out, ["DiT-d3w64/8"], tmp_path / "p.json")
    for trial in held_out.plan().trials:
        if trial.model == "DiT-d3w64/8":
            measure(held_out, trial, 0.02)  # its records say January 2026: before the freeze
    late = score(path, held_out)
    assert not sound(late) and "before the freeze" in score_text(late)


def test_too_few_sizes_say_what_is_missing(tmp_path):
    plan = digits_like(seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    measure(study, plan.trials[0], 0.0)
    with pytest.raises(ValueError, match=r"DiT-d3w64/2@500 cannot be predicted.*their one size"):
        predict(study, ["DiT-d3w64/2"], tmp_path / "p.json")


def test_the_commands(held_out, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(
            [
                "predict",
                str(held_out.folder),
                "--target",
                "DiT-d3w64/2",
                "--out",
                str(tmp_path / "p.json"),
            ]
        )
    assert end.value.code == 0 and "p.json" in capsys.readouterr().out
    with pytest.raises(SystemExit) as end:
        main(["score", str(tmp_path / "p.json"), str(held_out.folder), "--json"])
    assert (
        end.value.code == 1
        and json.loads(capsys.readouterr().out)["targets"][0]["measured"] is None
    )
    with pytest.raises(SystemExit) as end:
        main(["score", str(tmp_path / "none.json"), str(held_out.folder)])
    assert end.value.code == 2 and "there is no file" in capsys.readouterr().err
    (tmp_path / "text.md").write_text("# text")
    for args, said in (
        (["score", str(tmp_path / "text.md"), str(held_out.folder)], "is no frozen prediction"),
        (["report", str(tmp_path / "text.md")], "holds no study.json"),
    ):
        with pytest.raises(SystemExit) as end:
            main(args)
        assert end.value.code == 2 and said in capsys.readouterr().err


def test_predict_and_suggest_forecast_one_value_from_one_set_of_records(held_out, tmp_path):
    (one,) = json.loads(predict(held_out, ["DiT-d3w64/2@1000"], tmp_path / "p.json").read_text())[
        "predictions"
    ]
    found = suggest(held_out, "DiT-d3w64/2@1000", 1.0)
    assert (found.fid, *found.interval) == pytest.approx((one["fid"], one["low"], one["high"]))
