"""Do several claims together refute a true one in no more than 5 % of studies?"""

import numpy as np
import pytest

from analysis.answers.contrast import Part
from analysis.answers.verdicts import FAILS, HOLDS, UNKNOWN
from analysis.claims import CLAIMS, Verdict
from analysis.claims.claim import judge
from analysis.claims.together import together


def verdict(claim, value, error=1.0, dof=20.0) -> Verdict:
    judged = judge([Part("a part", value, error, dof, ())])
    return Verdict(
        claim, judged.verdict, judged.effect, judged.interval, p_against=judged.p_against
    )


def test_eight_true_claims_are_refuted_together_in_under_5_percent_of_studies():
    rng, alone, kept, studies = np.random.default_rng(0), 0, 0, 400
    for _ in range(studies):
        found = [verdict(claim, rng.standard_t(20)) for claim in CLAIMS]
        alone += any(v.verdict == FAILS for v in found)
        kept += any(v.verdict == FAILS for v in together(found))
    assert alone / studies == pytest.approx(0.18, abs=0.05) and kept / studies < 0.05


def test_what_is_refuted_clearly_stays_so_and_what_holds_is_left():
    clear, faint, holding = verdict(CLAIMS[0], 9), verdict(CLAIMS[1], 2.2), verdict(CLAIMS[2], -9)
    assert [v.verdict for v in (clear, faint, holding)] == [FAILS, FAILS, HOLDS]
    found = together([clear, faint])
    assert [v.verdict for v in found] == [FAILS, FAILS]  # the clear one leaves one to ask
    assert [v.verdict for v in together([clear, faint, holding])] == [FAILS, UNKNOWN, HOLDS]
    two_faint = together([faint, verdict(CLAIMS[3], 2.2), holding])
    assert [v.verdict for v in two_faint] == [UNKNOWN, UNKNOWN, HOLDS]
    assert "refuted if it were the only claim asked, p = 0.04, but not among 3" in two_faint[0].why
    assert together([faint]) == [faint]


def test_a_claim_that_the_records_say_nothing_of_costs_nothing():
    faint, silent = verdict(CLAIMS[0], 2.2), Verdict(CLAIMS[1], UNKNOWN, why="no seeds")
    assert together([faint, silent])[0].verdict == FAILS
