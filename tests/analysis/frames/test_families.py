"""Do the frames tell families of networks apart, and is a model one identity with one name?"""

import polars as pl
import pytest

from scaling.records import trial_rows
from scaling.records.status import OPTIONAL_FIELDS, optional_fields
from tests.analysis.frames.samples import FRAMES, mixer
from tests.analysis.synthetic_study import BASE, study_of


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
