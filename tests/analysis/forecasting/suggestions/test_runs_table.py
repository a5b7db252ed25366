"""Is a table of runs read as the trainings it tells of, and does ``scaling suggest`` take it?"""

import json

import polars as pl
import pytest

from analysis.forecasting.suggestions.runs_table import read_runs
from analysis.forecasting.suggestions.suggest import suggest_from
from analysis.frames import trials_frame
from analysis.frames.published import PUBLISHED, dit_evaluations
from scaling.cli import main
from scaling.study import Plan, load_study

PAPER = load_study("dit_imagenet256")
ASKED = ("--target", "DiT-XL/2@7M", "--gpu-hours", 20)
HEAD = "model,steps,fid"
ROWS = (
    "DiT-S/8,400000,153.6",
    "DiT-S/4,400000,100.4",
    "DiT-B/8,400000,122.7",
    "DiT-B/4,400000,68.4",
)


def csv(path, *rows, head: str = HEAD):
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def outcome(capsys, *args) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(a) for a in ("suggest", *args)])
    return left.value.code or 0, *capsys.readouterr()


def test_the_published_table_holds_the_grid_and_its_long_trainings():
    path = PUBLISHED / "models.csv"
    table = read_runs(path, PAPER)
    found, left_out = table.evaluations, table.left_out
    assert found.filter(pl.col("step") == 400_000).sort("model")["model"].to_list() == sorted(
        trial.model.name for trial in PAPER.trials
    )
    assert found.filter(pl.col("step") > 400_000).select("model", "step", "value").rows() == [
        ("DiT-XL/2", 2_352_000, 10.67),
        ("DiT-XL/2", 7_000_000, 9.62),
    ]
    assert len(found) + sum(map(len, left_out.values())) == len(
        pl.read_csv(path, infer_schema=False)
    )
    assert set(left_out) == {
        "of other models",
        "of another conditioning",
        "with resolution other than 256",
        "told twice",
    }
    # checkpoints of one training
    assert found.filter(pl.col("model") == "DiT-XL/2")["train_id"].n_unique() == 1


def test_a_table_suggests_what_the_same_figures_do_from_python(capsys, tmp_path):
    grid = pl.read_csv(PUBLISHED / "models.csv", infer_schema=False).filter(
        pl.col("train_steps") == "400000",
        pl.col("family") == "DiT",
        pl.col("conditioning") == "adaLN-Zero",
    )
    grid.write_csv(tmp_path / "grid.csv")
    out = tmp_path / "next.py"
    code, told, _ = outcome(capsys, tmp_path / "grid.csv", *ASKED, "--out", out, "--json")
    plan = Plan.of(PAPER)
    wanted, found = suggest_from(plan, dit_evaluations(plan), "DiT-XL/2@7M", 20), json.loads(told)
    assert code == 0
    # parameters exact here, as printed there
    assert found["fid"] == pytest.approx(wanted.fid, rel=1e-3)
    assert [(run["model"], run["from_step"], run["steps"]) for run in found["runs"]] == [
        (run.trial.model.name, run.from_step, run.trial.train.steps) for run in wanted.runs
    ]
    assert (found["source"], found["left_out"]) == ("grid.csv", {})
    assert "Chosen from grid.csv, as trainings of dit_imagenet256," in out.read_text()


def test_what_a_table_leaves_out_is_told(capsys, tmp_path):
    others = (
        "DiT-L/8,400000,50,512,1.0",
        "DiT-L/4,400000,20,256,4.0",
        "StyleGAN-XL,400000,2.3,256,1.0",
        "DiT-L/2,400000,,256,1.0",
    )
    path = csv(
        tmp_path / "r.csv",
        *(f"{row},256,1.0" for row in ROWS),
        *others,
        head=HEAD + ",batch,cfg_scale",
    )
    code, out, _ = outcome(capsys, path, *ASKED, "--out", tmp_path / "n.py")
    assert code == 0
    assert out.startswith(
        "r.csv: 4 rows like trainings of dit_imagenet256, 4 left out: 1 with batch other than 256 "
        "(row 5 DiT-L/8); 1 with "
        "cfg_scale other than 1 (row 6 DiT-L/4); 1 of other models (row 7 StyleGAN-XL); 1 without "
        "fid (row 8 DiT-L/2)\n"
        "Steps in the table are priced as done"
    )


def test_images_stand_for_steps_and_seeds_are_trainings_of_their_own(tmp_path):
    path = csv(
        tmp_path / "r.csv",
        "DiT-S/8,102400000,150,0",
        "DiT-S/8,102400000,155,1",
        "DiT-S/8,51200000,200,1",
        head="model,images,fid,seed",
    )
    found = read_runs(path, PAPER).evaluations
    assert found["step"].to_list() == [400_000, 400_000, 200_000]
    assert found["train_id"].n_unique() == 2 and found["train_id"][1] == found["train_id"][2]


def test_a_study_s_own_trials_go_through_a_table(finished, tmp_path):
    """What ``trials_frame`` writes as CSV is read back as the study's trainings."""
    trials = trials_frame(finished)
    trials.write_csv(tmp_path / "r.csv")
    found = read_runs(tmp_path / "r.csv", load_study("digits")).evaluations
    assert (
        found.sort("model", "value")
        .select("model", "step", "value")
        .equals(trials.sort("model", "fid").select("model", step="steps", value="fid"))
    )


@pytest.mark.parametrize(
    "head, rows, why",
    [
        (
            "model,loss",
            ["DiT-S/8,1"],
            "r.csv has no column fid, steps; it needs model, fid and steps",
        ),
        (
            HEAD,
            ["DiT-S/8,400000,150", "DiT-S/8,400000,155"],
            "row 1 and row 2 are both DiT-S/8@400000, with FID 150 and 155",
        ),
        (HEAD, ["DiT-S/8,400000,-1"], "row 1: fid is -1, not a number above 0"),
        (HEAD, ["DiT-S/8,400000,nan"], "row 1: fid is nan, not a number above 0"),
        (HEAD, ["DiT-S/8,400000,low"], "row 1: fid is 'low', not a number above 0"),
        (HEAD, ["DiT-S/8,0.5,150"], "row 1: steps is 0.5, not a whole number of 1 or more"),
        (
            "model,images,fid",
            ["DiT-S/8,1000,150"],
            "row 1: 1000 images are no whole number of steps of 256",
        ),
        (
            HEAD + ",batch",
            ["DiT-S/8,400000,150,512"],
            "none of the 1 rows of r.csv is like a training of dit_imagenet256",
        ),
        (HEAD, [], "none of the 0 rows of r.csv"),
        (HEAD, ROWS[:2], "a forecast needs 3 measured checkpoints or more, found 2"),
        (HEAD, [*ROWS, "DiT-XL/2,7000000,9.62"], "DiT-XL/2@7000000 is measured already"),
    ],
)
def test_a_table_that_will_not_do_ends_with_one_line_and_code_2(capsys, tmp_path, head, rows, why):
    path = csv(tmp_path / "r.csv", *rows, head=head)
    code, out, err = outcome(capsys, path, *ASKED, "--out", tmp_path / "n.py")
    assert (code, out) == (2, "")
    assert why in err and err.startswith("error: ") and err.count("\n") == 1
    assert not (tmp_path / "n.py").exists()


def test_no_such_table_and_a_recipe_for_a_folder_are_refused(capsys, tmp_path, finished):
    code, _, err = outcome(capsys, tmp_path / "none.csv", *ASKED)
    assert (code, err) == (2, f"error: there is no file {tmp_path / 'none.csv'}\n")
    code, _, err = outcome(capsys, finished.folder, *ASKED, "--recipe", "digits")
    assert code == 2 and "leave --recipe out" in err and err.count("\n") == 1
    code, _, err = outcome(capsys, PUBLISHED / "models.csv", *ASKED, "--recipe", "dit_imagenet")
    assert code == 2 and "unknown study 'dit_imagenet'" in err and err.count("\n") == 1
