"""Does the figure mark each model that reaches a quality, and refuse one that none reaches?"""

import pytest

from analysis.answers.quality.time_to_quality import time_to_quality
from analysis.figures.compute.quality import flops_to_quality_vs_gflops
from analysis.frames import trials_frame
from tests.analysis.answers.quality.curves import falling, rows_of
from tests.analysis.synthetic_study import SIZES


def test_the_figure_marks_each_model_that_reaches_it(tmp_path):
    study, rows = rows_of(tmp_path, falling(10, 0.5), **{"size": SIZES[:2], "model.patch": [4, 2]})
    found = time_to_quality(rows, [7.0])
    figure = flops_to_quality_vs_gflops(found, trials_frame(study))
    assert figure.axes[0].get_title(loc="left") == "EP_FID@7: 4 of 4 models"
    with pytest.raises(ValueError, match=r"no model reaches EP_FID@1 .*nearest is DiT-d2w16/4"):
        flops_to_quality_vs_gflops(time_to_quality(rows, [1.0]), trials_frame(study))
