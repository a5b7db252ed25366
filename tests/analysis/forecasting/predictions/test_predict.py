"""Are predictions frozen before the fact, kept, and scored honestly afterwards?"""

import json

import numpy as np
import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.predictions.score import score, sound, told
from analysis.forecasting.suggestions.suggest import suggest
from scaling.cli import main
from scaling.records import StudyFolder
from scaling.study import Plan, Study
from scaling.study.settings import with_settings
from tests.analysis.synthetic_study import digits_like, law, measure


@pytest.fixture
def held_out(tmp_path):
    """Three of four sizes measured, the largest planned and not run."""
    plan = digits_like(seeds=2)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        if trial.spec.model.width < 64:
            measure(study, trial, noise=0.02)
    return study


def run_largest(study, noise=0.02):
    for trial in study.plan().trials:
        if trial.spec.model.width == 64:
            run = measure(study, trial, noise)
            # as if measured after the freeze
            for path in (run.folder / "evaluations").glob("*.json"):
                path.write_text(
                    path.read_text().replace("2026-01-02T03:04:05", "2126-01-02T03:04:05")
                )


def test_a_prediction_made_before_the_run_is_scored_after_it(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/4", "DiT-d3w64/2@500"], tmp_path / "before.json")
    frozen = json.loads(path.read_text())
    assert {"frozen", "code", "rule", "conditions"} <= frozen.keys() and frozen["data"]["hash"]
    assert len(frozen["data"]["records"]) == 3 * 3 * 2 * 5  # every checkpoint
    for one in frozen["predictions"]:
        assert [test["rung"] for test in one["back_tests"]] == ["d2w32", "d2w48"]
        assert one["audit"]["held_out"] == "d2w48" and one["audit"]["law"] and one["widening"] >= 1
    early = score(path, held_out)
    assert (
        not sound(early)
        and early["targets"][0]["measured"] is None
        and "not measured yet" in told(early)
    )
    run_largest(held_out)
    after = score(path, held_out)
    assert sound(after)
    for one, trial in zip(after["targets"], ("DiT-d3w64/4", "DiT-d3w64/2")):
        truth = next(law(t, 500) for t in held_out.plan().trials if t.model == trial)
        assert abs(np.log(one["predicted"] / truth)) < 0.1 and one["inside"]
        assert one["log_error"] == pytest.approx(np.log(one["predicted"] / one["measured"]))
        assert len(one["trainings"]) == 2 and not any(t["before_freeze"] for t in one["trainings"])


def test_a_target_that_diverged_is_not_waited_for(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/2"], tmp_path / "before.json")
    for trial in held_out.plan().trials:
        if trial.model == "DiT-d3w64/2":
            measure(held_out, trial, 0.02, until=200).write_state(
                "diverged", "loss nan at step 230", step=230
            )
    found = score(path, held_out)
    assert not sound(found) and len(found["targets"][0]["diverged"]) == 2
    assert "diverged: DiT-d3w64-2-s0-" in told(found) and "not measured yet" not in told(found)


def run_beside(study, name, **fields):
    """Another study under the same root measures the largest model, twice the FID, trained in
    another way.
    """
    spec = next(t.spec for t in study.plan().trials if t.model == "DiT-d3w64/8")
    plan = Plan.of(
        Study(
            name=name, question="?", expectation="?", trials=(with_settings(spec, fields),), seeds=1
        )
    )
    other = StudyFolder(study.folder.parent / name)
    other.write_plan(plan)
    measure(other, plan.trials[0], 0.0, fid=lambda trial, step: 2 * law(trial, step))
    return other


def test_a_training_of_another_recipe_or_rate_beside_the_study_is_not_scored(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/8"], tmp_path / "before.json")
    run_beside(
        held_out, "epsilon", **{"diffusion.objective": "epsilon", "model.learn_sigma": False}
    )
    run_beside(held_out, "longer", **{"train.schedule": "cosine", "train.steps": 1000})
    assert score(path, held_out)["targets"][0]["measured"] is None
    searched = run_beside(held_out, "rates", **{"train.lr": 1e-4})
    assert [one["lr"] for one in score(path, held_out)["targets"][0]["trainings"]] == [1e-4]
    run_largest(held_out)
    (one,) = score(path, held_out)["targets"]
    assert {training["lr"] for training in one["trainings"]} == {3e-3} and len(
        one["trainings"]
    ) == 2
    assert [training["lr"] for training in score(path, searched)["targets"][0]["trainings"]] == [
        1e-4
    ]
    run_beside(held_out, "more", **{"train.lr": 2e-4})
    with pytest.raises(
        ValueError, match=r"was measured at learning rates 0.0001, 0.0002, 0.003, whose mean is no"
    ):
        score(
            path,
            run_beside(held_out, "none", **{"train.lr": 3e-4, "model.width": 32, "model.heads": 2}),
        )


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
    assert not sound(late) and "before the freeze" in told(late)


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


def test_data_that_changed_since_is_named(held_out, tmp_path):
    path = predict(held_out, ["DiT-d3w64/2"], tmp_path / "p.json")
    run_largest(held_out)
    record = next(r for r in json.loads(path.read_text())["data"]["records"])
    evaluation = (
        held_out.run(record["train_id"]).folder / "evaluations" / f"{record['eval_id']}.json"
    )
    content = json.loads(evaluation.read_text())
    content["figures"][0]["value"] *= 1.5
    evaluation.write_text(json.dumps(content))
    named = f"{record['trial_id']} at {record['step']} steps"
    found = score(path, held_out)
    assert found["data"]["changed"] == [named] and not sound(found)
    evaluation.unlink()
    assert score(path, held_out)["data"]["gone"] == [named]


@pytest.mark.parametrize(
    "target, said",
    [
        ("DiT-d9w64", "unknown model"),
        ("DiT-d3w64/3", "patch 3 does not divide"),
        ("DiT-d3w64/2@0", "no whole number of steps from 1"),
        ("DiT-d3w64/2@lots", "unknown model"),
    ],
)
def test_targets_that_do_not_fit_are_refused(held_out, tmp_path, target, said):
    with pytest.raises(ValueError, match=said):
        predict(held_out, [target], tmp_path / "p.json")


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
    assert "naive: the largest measured" in told(score(path, held_out))


def test_all_predictions_of_a_folder_are_calibrated_together(held_out, tmp_path, capsys):
    for name, target in (("a", "DiT-d3w64/2"), ("b", "DiT-d3w64/4")):
        predict(held_out, [target], tmp_path / f"{name}.json")
    (tmp_path / "other.json").write_text("{}")
    run_largest(held_out)
    with pytest.raises(SystemExit) as end:
        main(["score", str(tmp_path), str(held_out.folder)])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert "2 predictions of 2 files measured: 2 of 2 inside their 95 % intervals" in said
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SystemExit) as end:
        main(["score", str(empty), str(held_out.folder)])
    assert end.value.code == 2 and "holds no frozen prediction" in capsys.readouterr().err
