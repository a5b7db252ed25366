"""Is a law of FID chosen without the rung that it is scored on?"""

import polars as pl
import pytest

from analysis.fits.fid_choice import choose, final_score, score, scores_table
from analysis.fits.fid_laws import model_means
from analysis.frames.published import dit_table4


def test_the_papers_xl_is_predicted_from_its_smaller_models():
    """DiT Table 4: chosen on L from S and B, fitted on S, B, L, scored on XL once."""
    models, noise = model_means(dit_table4())
    chosen, final = final_score(models, "XL", noise=noise)
    assert chosen.decided_on == "L"
    assert final.rms <= 0.05
    assert final.inside == 3
    assert "XL" not in {one.rung for one in chosen.scores}


def test_gflops_alone_fail_on_the_papers_xl():
    models, _ = model_means(dit_table4())
    found = score("G", models, "XL")
    assert [round(v) for v in found.predicted.value] == [64, 40, 25]
    assert found.rms == pytest.approx(0.323, abs=5e-4)
    assert [round(v) for v in score("N × T", models, "XL").predicted.value] == [105, 45, 20]
    # Table 4 rounds N of B/8 to 131 M, of B/4 and B/2 to 130 M. By row that gives 96.56 for L/8, by
    # size 96.37: 97 or 96.
    assert [round(v) for v in score("N × T", models, "L").predicted.value] == [97, 52, 28]
    by_size = models.with_columns(pl.col("params_m").min().over("rung"))
    assert [round(v) for v in score("N × T", by_size, "L").predicted.value] == [96, 52, 28]


def test_a_rung_that_cannot_tell_a_law_gives_a_reason_and_no_number():
    models, _ = model_means(dit_table4())
    rows = scores_table(choose(models.filter(pl.col("rung") != "XL")).scores)
    lost = rows.filter(pl.col("rms_log_error").is_null())
    assert lost["why_not"].null_count() == 0
    assert set(lost["held_out"]) == {"B"}


def test_a_rung_with_none_below_it_gives_a_reason():
    one = dit_table4().filter(pl.col("rung") == "XL")
    assert (
        score("G", one, "XL").predicted is None and "no smaller size" in score("G", one, "XL").why
    )
