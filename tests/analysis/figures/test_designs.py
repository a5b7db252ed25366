"""Are block designs compared at one size and patch?"""

import polars as pl

from analysis.figures import designs
from analysis.frames import evaluations_frame
from analysis.report.pictures import study_pictures
from tests.analysis.figures.reading import texts
from tests.analysis.synthetic_study import SIZES, digits_like, write_study


def test_block_designs_are_compared_at_one_size_and_patch(tmp_path):
    kinds = ["in-context", "adaln-zero"]
    study = write_study(
        tmp_path,
        digits_like(
            {"size": SIZES[-1:], "model.patch": [4, 2], "model.conditioning": kinds},
            seeds=1,
            name="blocks",
        ),
    )
    figure = designs.fid_by_conditioning(evaluations_frame(study))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["DiT-d3w64/4", "DiT-d3w64/2"]
    assert "FID" in figure.axes[0].get_ylabel()
    assert sum(text.startswith("adaln-zero: FID") for text in texts(figure)) == 10
    assert study_pictures(study, ("svg",))["fid_by_conditioning"].files
    diverged = evaluations_frame(study).with_columns(
        state=pl.when(pl.col("conditioning") == "in-context")
        .then(pl.lit("diverged"))
        .otherwise("state")
    )
    figure = designs.fid_by_conditioning(diverged)
    assert sum(text.startswith("in-context: FID") for text in texts(figure)) == 0
    assert "Dotted: diverged or failed, in no mean (DiT-d3w64-4" in figure.get_supxlabel().replace(
        "\n", " "
    )
