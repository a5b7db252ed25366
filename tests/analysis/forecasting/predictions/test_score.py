"""Are predictions scored honestly afterwards, against what was measured after the freeze?"""

import json

import numpy as np
import pytest

from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.predictions.score import score, score_text, sound
from tests.analysis.forecasting.largest import run_beside, run_largest
from tests.analysis.synthetic_study import law, measure


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
        and "not measured yet" in score_text(early)
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
    assert "diverged: DiT-d3w64-2-s0-" in score_text(
        found
    ) and "not measured yet" not in score_text(found)


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
