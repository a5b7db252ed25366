"""Do the frames tell families of networks apart, and is a model one identity with one name?"""

import polars as pl
import pytest

from analysis.answers.slopes import slope
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from analysis.frames.identities import recipe_id
from analysis.frames.names import model_names
from analysis.frames.published import block_designs, dit_table4, sampling_compute
from scaling.records import trial_rows
from scaling.records.status import OPTIONAL_FIELDS, optional_fields
from tests.analysis.networks import GRID, Convolutions, Mixer
from tests.analysis.synthetic_study import BASE, SIZES, study_of

FRAMES = (trials_frame, evaluations_frame, curves_frame)
HEADLESS = [{name: w for name, w in size.items() if name != "model.heads"} for size in SIZES]


def mixer(width: int = 32, **fields) -> Mixer:
    return Mixer(**GRID, width=width, **fields)


def convolutions() -> Convolutions:
    return Convolutions(**GRID, width=32, kernel=3)


@pytest.mark.parametrize("frame", FRAMES)
def test_every_row_says_its_family_rung_series_and_identity(finished, frame):
    rows = frame(finished)
    of_trial = {trial.trial_id: trial.spec.model for trial in finished.plan().trials}
    told = rows.select("trial_id", "family", "rung", "series", "model_id").unique().rows()
    assert len(told) == 36
    for trial, *which in told:
        model = of_trial[trial]
        assert which == ["dit", model.rung, model.series, model.model_id]
    assert rows["series"].unique().sort().to_list() == ["patch 2", "patch 4", "patch 8"]


def test_the_status_tells_family_rung_and_series(finished):
    row = trial_rows(finished)[-1]
    assert (row["family"], row["rung"], row["series"]) == ("dit", "d3w64", "patch 2")
    assert (row["size"], row["patch"], row["tokens"]) == ("d3w64", 2, 16)


def test_fields_that_a_family_lacks_are_null(tmp_path):
    assert optional_fields(mixer()) == dict.fromkeys(OPTIONAL_FIELDS)
    assert optional_fields(BASE.model) == {
        "size": "d2w16",
        "patch": 2,
        "tokens": 16,
        "conditioning": "adaln-zero",
        "heads": 1,
    }
    study = study_of(tmp_path, {"model": [mixer(), BASE.model]})
    for frame in FRAMES:
        of_mixer = frame(study).filter(pl.col("family") == "tests-mixer")
        assert of_mixer.select("rung", "model", "model_id").unique().rows() == [
            ("w32", "Mixer-32", mixer().model_id)
        ]
        for column in ("series", *OPTIONAL_FIELDS):
            assert of_mixer[column].null_count() == len(of_mixer) > 0
    (row, _) = trial_rows(study)
    assert (row["family"], row["rung"], row["series"]) == ("tests-mixer", "w32", None)
    assert row["size"] is row["patch"] is row["tokens"] is None


def test_a_recipe_is_of_one_family_and_that_of_dit_is_as_released():
    models = (BASE.model, mixer(), convolutions())
    recipes = [recipe_id(BASE.model_copy(update={"model": model})) for model in models]
    assert recipes[0] == "c9974aec"
    assert len(set(recipes)) == 3
    wider = BASE.model_copy(update={"model": mixer(64)})
    assert recipe_id(wider) == recipes[1]


def test_models_that_share_a_name_are_told_apart_by_what_differs():
    models = [
        BASE.model.model_copy(update={"width": 32, "heads": heads, "mlp_ratio": ratio})
        for heads, ratio in ((2, 4.0), (4, 4.0), (4, 2.5))
    ]
    names = model_names([*(("DiT-d2w32/2", model) for model in models), ("Mixer-32", mixer())])
    assert [names[model.model_id] for model in models] == [
        "DiT-d2w32/2 (heads 2, mlp ratio 4)",
        "DiT-d2w32/2 (heads 4, mlp ratio 4)",
        "DiT-d2w32/2 (heads 4, mlp ratio 2.5)",
    ]
    assert names[mixer().model_id] == "Mixer-32"
    shapes = [mixer(heads=heads, learn_sigma=sigma) for heads, sigma in (((1,), True), ((), False))]
    assert list(model_names(("Mixer-32", shape) for shape in shapes).values()) == [
        "Mixer-32 (learn sigma true, heads [1])",
        "Mixer-32 (learn sigma false, heads [])",
    ]


def test_a_name_is_one_model_in_a_study_of_mlp_ratios_and_heads(tmp_path):
    """Not one model trained in several ways: each has its place on the curve and in the law."""
    axes = {"size": HEADLESS[:2], "model.mlp_ratio": [2.0, 4.0, 8.0], "model.heads": [1, 2]}
    study = study_of(tmp_path, axes)
    for frame in FRAMES:
        rows = frame(study)
        pairs = rows.select("model", "model_id").unique()
        assert len(pairs) == pairs["model"].n_unique() == pairs["model_id"].n_unique() == 12
    of_heads = study_of(tmp_path, {"model.heads": [1, 2]}, "heads")
    names = trials_frame(of_heads)["model"].to_list()
    assert names == ["DiT-d2w16/2 (heads 1)", "DiT-d2w16/2 (heads 2)"]
    ratios = trials_frame(
        study_of(tmp_path, {"size": SIZES, "model.mlp_ratio": [2.0, 4.0, 8.0]}, "ratios")
    )
    assert slope(ratios).models == 12
    assert ratios.filter(pl.col("rung") == "d2w16")["series"].to_list() == [
        "patch 2, mlp 2",
        "patch 2",
        "patch 2, mlp 8",
    ]


@pytest.mark.parametrize("table", [dit_table4, block_designs, sampling_compute])
def test_published_tables_have_the_columns_of_a_curve(table):
    rows = table()
    assert rows["family"].unique().to_list() == ["dit"]
    assert rows["rung"].to_list() == rows["size"].to_list()
    assert rows["series"].to_list() == [f"patch {patch}" for patch in rows["patch"]]
    assert rows.select("model", "model_id").unique().height == rows["model"].n_unique()
