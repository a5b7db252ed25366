"""Is a name one model?"""

import polars as pl

from analysis.answers.slopes import slope
from analysis.frames import trials_frame
from analysis.frames.names import model_names
from tests.analysis.frames.samples import FRAMES, mixer
from tests.analysis.synthetic_study import BASE, SIZES, study_of

HEADLESS = [{name: w for name, w in size.items() if name != "model.heads"} for size in SIZES]


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
