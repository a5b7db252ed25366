"""Are other metrics drawn of models that were trained alike, also without a FID?"""

import pytest

from analysis.figures.compute.metrics import metrics_vs_gflops
from analysis.frames import evaluations_frame
from analysis.report import build
from tests.analysis.synthetic_study import (
    DESIGNS,
    SIZES,
    study_of,
)


def test_other_metrics_are_averaged_over_no_lengths_and_correlated_over_no_designs(tmp_path):
    lengths = evaluations_frame(
        study_of(tmp_path, {"size": SIZES, "train.steps": [300, 500]}, "lengths")
    )
    with pytest.raises(ValueError, match=r"DiT-d2w16/2 was trained in 2 ways \(lengths 300, 500\)"):
        metrics_vs_gflops(lengths)
    with pytest.raises(ValueError, match="2 recipes are mixed"):
        metrics_vs_gflops(evaluations_frame(study_of(tmp_path, DESIGNS)))


def test_metrics_without_fid_have_their_figure_and_their_samples(tmp_path):
    found = build(
        study_of(tmp_path, {"size": SIZES, "evaluate.protocol.metrics": [("kid",)]}), kinds=("svg",)
    )
    assert "metrics_vs_gflops" in found.pictures and found.pictures["sample_grid"].files
    assert (
        "fid_vs_gflops" not in found.pictures
        and "<th>KID</th>" in found.page
        and "FID —" not in found.page
    )
