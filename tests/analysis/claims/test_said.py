"""Is a decided claim told in per cent of FID, with its interval the same way round?"""

import math

import pytest

from analysis.answers.verdicts import FAILS
from analysis.claims import CLAIMS, Verdict, of_papers
from analysis.claims.said import SENTENCES, change, verdict_text

BY_NAME = {claim.name: claim for claim in CLAIMS}


def test_every_claim_can_be_told():
    assert list(SENTENCES) == [claim.name for claim in CLAIMS]


def test_a_change_has_its_ends_in_order_and_keeps_the_sign_of_one_on_the_other_side():
    assert change(math.log(0.5), (math.log(0.4), math.log(0.8))) == (
        "50 % lower (95 %: 20 to 60 %)"
    )
    assert change(math.log(2.5), (math.log(2), math.log(4))) == "150 % higher (95 %: 100 to 300 %)"
    assert change(math.log(0.5), (math.log(0.25), math.log(1.1))) == (
        "50 % lower (95 %: −10 to 75 %)"
    )


def test_the_papers_claims_are_told_by_what_decides_them():
    said = {v.claim.name: verdict_text(v) for v in of_papers() if v.effect is not None}
    assert said["patch"].startswith("Twice the tokens: FID 18 % lower (95 %: 17 to 19 %) at size S")
    assert said["correlation"] == "r is −0.93 [−0.98, −0.76] over 12 models."
    assert said["gflops-alone"].startswith("Tokens buy more than parameters")
    assert "XL/2 against adaln: FID 23 % lower" in said["adaln-zero"]


def test_a_single_step_that_refutes_is_told_as_a_difference_and_not_as_a_slope():
    up = Verdict(BY_NAME["gflops"], FAILS, math.log(2), (math.log(1.5), math.log(3)), "B against A")
    assert verdict_text(up) == "B against A: FID 100 % higher (95 %: 50 to 200 %)."


def test_what_is_not_decided_is_not_told():
    with pytest.raises(ValueError, match="gflops is not decided: one seed"):
        verdict_text(Verdict(BY_NAME["gflops"], "not enough evidence", why="one seed"))
