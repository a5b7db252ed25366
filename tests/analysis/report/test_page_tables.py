"""Does a page tell how feature spaces rank the models, and what each random stream does?"""

import json

from analysis.report import build, page, report_data
from analysis.report.page_tables import ladder_tables, luck, spaces_tables
from analysis.report.study_data import StudyData
from analysis.report.study_figures import wanted
from experiments.noise_floor import STUDY
from scaling.records import StudyFolder
from scaling.records.files import write_json
from scaling.study import Plan
from scaling.study.settings import with_settings
from tests.analysis.synthetic_study import BASE, SIZES, digits_like, write_study

FLOW = {"diffusion.objective": "flow", "model.learn_sigma": False}
OF_FDR = {"evaluate.protocol.metrics": ("fid", "fdr"), "evaluate.protocol.spaces": ("inception",)}


def with_fdr(study: StudyFolder) -> StudyFolder:
    """Write into every record the FDr of its FID, twice as far from the truth in Inception's."""
    for path in study.folder.parent.glob("runs/*/evaluations/*.json"):
        found = json.loads(path.read_text())
        for row in [row for row in found["figures"] if row["metric"] == "fid"]:
            parts = [
                {"fd": fd, "se": 0.02 * fd, "real": 0.5, "real_se": 0.01, "ratio": 2 * fd}
                | {"features": features}
                for features, fd in (("digits-cnn", row["value"]), ("inception", 2 * row["value"]))
            ]
            value = sum(part["ratio"] for part in parts) / 2
            found["figures"].append({**row, "metric": "fdr", "value": value, "parts": parts})
        write_json(path, found)
    return study


def test_the_page_tells_the_models_in_every_feature_space(tmp_path):
    base = with_settings(BASE, OF_FDR)
    study = with_fdr(write_study(tmp_path, digits_like({"size": SIZES}, base=base, name="spaces")))
    told = report_data(study)["spaces"]
    assert told["found"].verdict == "agree" and len(told["table"]) == len(SIZES)
    assert told["published"] == {"inception": 1.68}
    html = build(study, kinds=()).page
    assert "does the ranking agree?" in html and "Spearman" in html
    assert "Published for ImageNet at 50,000 images: 1.68 in inception." in html


def test_a_study_without_fdr_has_no_such_part_and_one_without_records_says_why(finished, tmp_path):
    assert spaces_tables(StudyData(finished)) is None
    assert "does the ranking agree?" not in build(finished, kinds=()).page
    study = StudyFolder(tmp_path / "none")
    study.write_plan(digits_like({"size": SIZES}, base=with_settings(BASE, OF_FDR), name="none"))
    assert "needs 3 models with an FDr, and there are 0" in spaces_tables(StudyData(study))["why"]


def test_the_page_of_a_ladder_opens_with_its_changes_and_has_their_table(tmp_path, monkeypatch):
    """Flow halves FID, SwiGLU does nothing."""
    recipes = [{"diffusion.objective": "ddpm"}, FLOW, FLOW | {"model.mlp": "swiglu"}]
    axes = {"recipe": recipes, "size": SIZES[:2]}

    def fid(trial, step):
        return 10 / (1 + (trial.spec.diffusion.objective == "flow"))

    plan = digits_like(axes, seeds=2, name="steps")
    study = write_study(tmp_path, plan, 0.01, fid=fid)
    assert "change_by_step" in wanted(StudyData(study))
    monkeypatch.setattr(page, "study_pictures", lambda *_: {})
    told = build(study)
    ladder = told.data["ladder"]
    assert [row["resolved"] for row in ladder["rows"]] == [True, False]
    assert abs(ladder["rows"][0]["change"][0] - 0.5) < 0.02
    assert "seen to change FID at equal sizes: learn_sigma=False, objective=flow" in told.page
    assert told.page.count("<td>—</td>") >= 2  # two sizes of one FID: no law along which to compare


def test_a_grid_is_no_ladder(finished):
    assert ladder_tables(StudyData(finished)) is None


def test_the_page_of_a_noise_floor_tells_each_source(finished, tmp_path):
    assert luck(StudyData(finished)) == []
    study = write_study(tmp_path, Plan.of(STUDY))
    told = luck(StudyData(study))
    assert [line.split()[0] for line in told] == [
        "initialisation",
        "data",
        "noise",
        "sampling",
        "training",
    ]
    assert "Spread of a FID by random stream" in build(study, kinds=()).page


def test_the_cells_of_the_grid_are_in_the_order_of_the_plan_each_time(tmp_path):
    """So that the same study makes the same bytes."""
    study = write_study(tmp_path, digits_like(seeds=1))
    fields = [trial.spec.model for trial in study.plan().trials]
    told = report_data(study)["matrix"]
    assert [rung for rung, _ in told["cells"]] == [model.rung for model in fields]
    assert [int(curve.split()[-1]) for _, curve in told["cells"]] == [m.patch for m in fields]
