"""Is sampling compute forward Gflops times steps?"""

import polars as pl
import pytest

from analysis.figures.compute import sampling
from analysis.frames import trials_frame
from tests.analysis.figures.reading import texts
from tests.analysis.synthetic_study import SIZES, digits_like, law, write_study


def test_sampling_compute_is_forward_gflops_times_steps(tmp_path):
    study = write_study(
        tmp_path,
        digits_like(
            {"size": SIZES[:2], "evaluate.protocol.sampling_steps": [8, 32]}, seeds=2, name="steps"
        ),
        noise=0.0,
        fid=lambda trial, step: law(trial, step),
    )
    figure = sampling.fid_vs_sampling_gflops(trials_frame(study))
    (line, _) = figure.axes[0].lines
    assert line.get_xdata()[1] == pytest.approx(4 * line.get_xdata()[0])
    assert "Steps of ddpm: 8, 32." in figure.get_supxlabel().replace("\n", " ")
    assert "DiT-d2w16/2, 32 steps: FID" in " ".join(texts(figure))
    with pytest.raises(ValueError, match="no model was sampled at two numbers of steps"):
        sampling.fid_vs_sampling_gflops(trials_frame(study).filter(pl.col("sampling_steps") == 8))
