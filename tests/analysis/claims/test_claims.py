"""Does each claim hold, fail and stay open where it should, on known laws and on the papers' own
tables?"""

import polars as pl

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import CLAIMS, FAILS, HOLDS, claims_table, of_study


def test_the_papers_own_verdicts(papers):
    assert {name: verdict.verdict for name, verdict in papers.items()} == {
        "gflops": HOLDS,
        "patch": HOLDS,
        "correlation": HOLDS,
        "gflops-alone": FAILS,
        "training": UNKNOWN,
        "sampling": HOLDS,
        "sampling-rival": UNKNOWN,
        "adaln-zero": HOLDS,
    }
    for verdict in papers.values():
        assert bool(verdict.records) == (verdict.effect is not None)
        assert verdict.verdict != UNKNOWN or verdict.why


def test_a_power_law_in_gflops_alone(finished):
    found = {verdict.claim.name: verdict for verdict in of_study(finished)}
    assert found["gflops"].verdict == found["patch"].verdict == HOLDS
    assert len(found["gflops"].records) == 36
    # there, a larger model is far from done when a smaller one is
    assert found["training"].verdict == FAILS
    assert found["adaln-zero"].verdict == UNKNOWN
    for part in found["gflops"].parts:
        low, high = part.interval()
        assert low < -0.4 < high


def test_the_table_has_a_row_per_claim(papers):
    table = claims_table(list(papers.values()))
    assert table["claim"].to_list() == [claim.statement for claim in CLAIMS]
    assert table.filter(pl.col("effect").is_null())["why"].null_count() == 0
    assert all(
        "holds where" in text and "does not hold where" in text for text in table["threshold"]
    )


def test_claims_about_patches_and_designs_are_not_asked_of_other_families(mixers):
    verdicts = {verdict.claim.name: verdict for verdict in of_study(mixers)}
    for name in ("patch", "gflops-alone", "adaln-zero"):
        assert "not asked of this family: tests-mixer has no " in verdicts[name].why
    assert verdicts["gflops"].verdict == "holds" and verdicts["gflops"].of == "tests-mixer"
