"""Does what cannot be fitted end in a line that names the trials, from every entry, and never in a
number?
"""

import json
import re

import polars as pl
import pytest

from analysis.answers.laws import laws
from analysis.answers.slopes import slope
from analysis.answers.study import Answers
from analysis.figures.training import fid_vs_steps
from analysis.forecasting.predictions.predict import predict
from analysis.forecasting.suggestions.suggest import suggest
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.report import report_data
from analysis.select.trials import fit_points
from scaling.cli import main
from scaling.records import StudyFolder, trial_rows
from tests.analysis.synthetic_study import digits_like, measure


@pytest.fixture
def study(tmp_path) -> StudyFolder:
    """Four sizes at patch 2, one seed, all measured."""
    plan = digits_like(
        {
            "size": [
                {"model.width": w, "model.depth": 2, "model.heads": 1} for w in (16, 32, 48, 64)
            ]
        },
        seeds=1,
    )
    folder = StudyFolder(tmp_path / plan.name)
    folder.write_plan(plan)
    for trial in plan.trials:
        measure(folder, trial, 0.06)
    return folder


def edit(path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def evaluation(study: StudyFolder):
    trial = study.plan().trials[1]
    return study.run(trial.train_id).folder / "evaluations" / f"{trial.eval_ids[500]}.json"


def run_of(study: StudyFolder):
    return study.run(study.plan().trials[1].train_id)


def newer_plan(study):
    edit(study.folder / "study.json", schema_version=99)
    return (
        r"study\.json has schema version 99, this code reads up to 1; update dit-scaling to read it"
    )


def a_plan_of_words(study):
    edit(study.folder / "study.json", seeds="three")
    return r"study\.json seeds is no whole number \(got 'three'\); scaling sweep of that study"


def no_plan(study):
    (study.folder / "study.json").unlink()
    return r"holds no study\.json; run the study first"


@pytest.mark.parametrize("harm", [newer_plan, a_plan_of_words, no_plan])
def test_a_study_without_a_plan_that_can_be_read_ends_with_one_line_and_code_2(study, harm, capsys):
    told = harm(study)
    for frame in (trials_frame, evaluations_frame, curves_frame):
        with pytest.raises(ValueError, match=told):
            frame(study)
    for command in ("status", "report", "bundle"):
        with pytest.raises(SystemExit) as left:
            main([command, str(study.folder)])
        out, err = capsys.readouterr()
        assert (left.value.code, out) == (2, "")
        assert err.startswith("error: ") and err.count("\n") == 1
    assert not (study.folder / "report.html").exists()


def newer_evaluation(study):
    edit(evaluation(study), schema_version=7)
    return "unreadable", r"evaluations/\w+\.json has schema version 7"


def nan_in_an_evaluation(study):
    edit(evaluation(study), heldout_loss=float("nan"))
    return "unreadable", r"evaluations/\w+\.json heldout_loss is no finite number"


def half_an_evaluation(study):
    evaluation(study).write_text('{"schema_version": 1, "step": 50')
    return "unreadable", r"evaluations/\w+\.json is not valid JSON"


def newer_record(study):
    edit(run_of(study).folder / "record.json", schema_version=7)
    return "completed", r"record\.json has schema version 7"


def a_stray_line_in_a_curve(study):
    with open(run_of(study).folder / "curve.jsonl", "a") as file:
        file.write("[500, 32000]\n")
    return "completed", r"curve\.jsonl line 11 is no object \(got \[500, 32000\]\)"


def a_curve_that_lost_a_line(study):
    edit(run_of(study).folder / "record.json", lines=11)
    return "completed", r"curve\.jsonl lacks 1 of 11 logged lines"


DAMAGED = [
    newer_evaluation,
    nan_in_an_evaluation,
    half_an_evaluation,
    newer_record,
    a_stray_line_in_a_curve,
    a_curve_that_lost_a_line,
]


@pytest.mark.parametrize("kept", [False, True], ids=["read first", "read before"])
@pytest.mark.parametrize("harm", DAMAGED)
def test_frames_and_status_go_on_without_what_cannot_be_read_and_name_it(study, harm, kept):
    before = trials_frame(study) if kept else None
    state, told = harm(study)
    rows = trials_frame(study)
    assert rows["state"].to_list() == ["completed", state, "completed", "completed"]
    assert re.search(rf"runs/{run_of(study).folder.name}/{told}", rows["why"][1])
    assert rows["why"].null_count() == 3 and rows["fid"].null_count() == (state == "unreadable")
    assert before is None or before["fid"][0] == rows["fid"][0]
    assert evaluations_frame(study)["trial_id"].n_unique() == 4
    assert curves_frame(study)["trial_id"].value_counts()["count"].to_list() == 4 * [10]
    assert [row["why"] for row in trial_rows(study)] == rows["why"].to_list()
    page = report_data(study)
    assert page["warnings" if state == "completed" else "lost"]


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "STUDY", "STUDY", "--figure", "FILE/x.png"),
        ("predict", "STUDY", "--target", "DiT-d2w96/2", "--out", "FILE/x.json"),
        (
            "suggest",
            "STUDY",
            "--target",
            "DiT-d2w96/2@900",
            "--gpu-hours",
            "1",
            "--out",
            "FILE/x.py",
        ),
    ],
    ids=lambda c: c[0],
)
def test_what_cannot_be_written_ends_with_one_line_that_names_it_and_code_2(
    study, command, tmp_path, capsys
):
    (tmp_path / "FILE").write_text("a file, where a folder is asked for")
    with pytest.raises(SystemExit) as left:
        main(
            [
                str(study.folder)
                if word == "STUDY"
                else word.replace("FILE", str(tmp_path / "FILE"))
                for word in command
            ]
        )
    err = capsys.readouterr().err
    assert left.value.code == 2
    assert err.startswith(f"error: {tmp_path / 'FILE'}") and err.count("\n") == 1


def test_a_study_of_which_every_trial_diverged_predicts_and_suggests_nothing(study):
    for trial in study.plan().trials:
        run = study.run(trial.train_id)
        (run.folder / "evaluations" / f"{trial.eval_ids[500]}.json").unlink()
        run.write_state("diverged", "loss nan at step 450", step=450)
    with pytest.raises(ValueError, match=r"no evaluated trial is completed \(4 diverged\)"):
        predict(study, ["DiT-d2w96/2@500"])
    with pytest.raises(
        ValueError, match=r"no evaluated trial is under way or completed \(4 diverged\)"
    ):
        suggest(study, "DiT-d2w96/2@900", 1.0)


def all_diverged(trials):
    return trials.with_columns(
        state=pl.lit("diverged")
    ), r"no completed trial has a FID \(4 diverged\)"


def none_measured(trials):
    return trials.with_columns(
        fid=pl.lit(None, pl.Float64)
    ), r"no completed trial has a FID \(4 completed\)"


def mixed_protocols(trials):
    return (
        trials.with_columns(protocol=pl.Series(["a", "a", "a", "b"])),
        rf"2 protocols are mixed, as in {trials['trial_id'][0]} and {trials['trial_id'][3]}",
    )


def twice(trials):
    return pl.concat([trials, trials[:1]]), f"trials measured twice: {trials['trial_id'][0]}"


def figure(value):
    def harm(trials):
        return (
            trials.with_columns(fid=pl.when(pl.int_range(4) == 2).then(value).otherwise("fid")),
            rf"{trials['trial_id'][2]} has FID {value}, which has no logarithm",
        )

    return harm


def two_models(trials):
    return trials[:2], r"needs 3 .*, found [12] \("


SENSELESS = {
    "all diverged": all_diverged,
    "none measured": none_measured,
    "mixed protocols": mixed_protocols,
    "twice": twice,
    "nan": figure(float("nan")),
    "zero": figure(0.0),
    "negative": figure(-3.0),
    "two models": two_models,
}


@pytest.mark.parametrize("harm", SENSELESS.values(), ids=SENSELESS)
def test_trials_that_make_no_law_are_named_and_give_no_number(study, harm):
    trials, told = harm(trials_frame(study))
    for law in (slope, lambda trials: Answers.of(trials).rolled):
        with pytest.raises(ValueError, match=told):
            law(trials)
    asked = laws(trials, evaluations_frame(study))
    of_fid = [law for law in asked if law.question.startswith("FID on")]
    assert len(of_fid) == 4
    for law in of_fid:
        assert law.value is None and law.interval is None and law.law is None
        assert law.why_not and not law.why_not.startswith(("x ", "y "))


def test_laws_over_checkpoints_say_what_these_lack(study):
    evaluations, trials = evaluations_frame(study), trials_frame(study)
    last = trials["trial_id"][3]
    mixed = evaluations.with_columns(
        recipe=pl.when(pl.col("trial_id") == last).then(pl.lit("b")).otherwise(pl.lit("a"))
    )
    for harmed, told in (
        (
            evaluations.with_columns(state=pl.lit("diverged")),
            "no evaluated trial is completed (4 diverged)",
        ),
        (evaluations.head(0), "no evaluated trial is completed (none is evaluated)"),
        (mixed, f"2 recipes are mixed, as in {trials['trial_id'][0]} and {last}"),
        (
            evaluations.filter(pl.col("model") == "DiT-d2w16/2"),
            "needs 7 runs or more, found 5; add 2",
        ),
    ):
        approach3 = next(law for law in laws(trials, harmed) if "approach 3" in law.question)
        assert approach3.value is None and approach3.law is None
        assert told in approach3.why_not


def test_what_diverged_is_dotted_and_named_over_training_and_in_no_mean(finished):
    rows = evaluations_frame(finished)
    lost = rows.filter((pl.col("model") == "DiT-d2w16/2") & (pl.col("seed") == 1))["trial_id"][0]
    gone = rows.with_columns(
        state=pl.when(pl.col("trial_id") == lost).then(pl.lit("diverged")).otherwise("state"),
        value=pl.when(pl.col("trial_id") == lost).then(pl.col("value") * 100).otherwise("value"),
    )
    told, without = fid_vs_steps(gone), fid_vs_steps(rows.filter(pl.col("trial_id") != lost))
    assert f"diverged or failed, in no mean ({lost})" in told.get_supxlabel().replace("\n", " ")
    assert "Dotted" not in without.get_supxlabel()
    dotted = [line for line in told.axes[0].lines if line.get_linestyle() == ":"]
    assert len(dotted) == 1 and len(dotted[0].get_xdata()) == 5
    means = [
        [list(line.get_ydata()) for line in figure.axes[0].lines if line.get_linewidth() == 1.6]
        for figure in (told, without)
    ]
    assert means[0] == means[1] and len(means[0]) == 4


def test_an_audit_over_checkpoints_does_not_call_them_runs(finished):
    """Three trainings of the largest model, five checkpoints each."""
    # no two alike
    rows = evaluations_frame(finished).with_columns(
        value=pl.col("value") * (1 + 0.01 * pl.col("seed"))
    )
    told = next(law for law in laws(trials_frame(finished), rows) if "approach 3" in law.question)
    assert told.held_out == "15 checkpoints of the largest"


def test_a_metric_that_no_trial_has_is_named_beside_those_there_are(study, capsys):
    for word in ("foo", "lr"):
        with pytest.raises(SystemExit) as left:
            main(["compare", str(study.folder), str(study.folder), "--metric", word])
        assert left.value.code == 2
        assert capsys.readouterr().err == (
            f"error: no metric '{word}' of a trial; there are fid, kid, heldout_loss, heldout_mse\n"
        )


def test_a_checkpoint_without_a_logarithm_is_named_where_a_training_is_suggested(study):
    path = evaluation(study)
    found = json.loads(path.read_text())
    next(figure for figure in found["figures"] if figure["metric"] == "fid")["value"] = 0.0
    path.write_text(json.dumps(found))
    with pytest.raises(
        ValueError,
        match=f"{study.plan().trials[1].trial_id} has FID 0 at step 500, which has no logarithm",
    ):
        suggest(study, "DiT-d2w96/2@900", 1.0)


def test_the_report_of_a_study_that_all_diverged_says_so_and_has_no_law(tmp_path):
    plan = digits_like({"model.patch": [8, 4, 2]}, seeds=1)
    study = StudyFolder(tmp_path / plan.name)
    study.write_plan(plan)
    for trial in plan.trials:
        measure(study, trial, 0.06, until=200).write_state(
            "diverged", "loss nan at step 231", step=231
        )
    told = report_data(study)
    assert told["laws"] is None and told["slopes"] is None
    assert {row["trial_id"] for row in told["lost"]} == {trial.trial_id for trial in plan.trials}
    with pytest.raises(ValueError, match=r"no completed trial has a FID \(3 diverged\)"):
        fit_points(trials_frame(study))
