"""Is each column described, and there before anything is measured?"""

import re

import pytest

from analysis import frames
from analysis.frames import curves_frame, evaluations_frame, trials_frame
from scaling.records import StudyFolder
from tests.analysis.synthetic_study import digits_like


def test_a_sweep_that_has_not_begun_gives_empty_frames_with_all_columns(tmp_path):
    study = StudyFolder(tmp_path / "digits")
    study.write_plan(digits_like(seeds=1))
    assert trials_frame(study)["fid"].null_count() == 12
    assert evaluations_frame(study).shape == (0, len(frames.EVALUATIONS))
    assert curves_frame(study).shape == (0, len(frames.CURVES))


@pytest.mark.parametrize(
    "name, schema",
    [
        ("trials", frames.OF_TRIAL),
        ("evaluations", frames.OF_EVALUATION),
        ("curves", frames.OF_STEP),
        ("identifying", frames.WHICH | frames.HOW),
    ],
)
def test_the_dictionary_describes_each_column_and_no_other(name, schema):
    """The table of each frame in results/README.md; identifying columns, which several frames
    share, have one of theirs.
    """
    text = (frames.Path(__file__).parents[3] / "results" / "README.md").read_text()
    section = text.split("## Frames")[1].split("\n## ")[0]
    head = "The identifying columns" if name == "identifying" else f"`{name}_frame`: one row"
    table = section.split(head)[1].split("_frame`: one row")[0]
    told = [
        column
        for row in re.findall(r"^\|(.*?)\|", table, re.M)
        for column in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(told) == sorted(schema)
