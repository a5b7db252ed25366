"""Is a true claim refuted, or a false one supported, in 5 % of studies or fewer, and a clear one
decided? Few studies here; ``tests.benchmarks.bench_claims`` draws many.
"""

import pytest

from analysis.answers.verdicts import FAILS, HOLDS
from analysis.claims import CLAIMS, claims
from analysis.frames import evaluations_frame, trials_frame
from tests.analysis.claims import luck

ASKED = [claim for claim in CLAIMS if claim.name in ("gflops", "patch", "training")]
STUDIES = 40


@pytest.fixture(scope="module")
def frames(finished):
    return trials_frame(finished), evaluations_frame(finished)


def verdicts(frames, truth, spread, shape="normal", studies=STUDIES):
    for seed in range(studies):
        found = claims(luck.records(*frames, truth, spread, shape, seed), ASKED)
        yield {verdict.claim.name: verdict.verdict for verdict in found}


@pytest.mark.parametrize("spread", luck.SPREADS)
def test_luck_alone_refutes_and_supports_little(frames, spread):
    found = list(verdicts(frames, luck.flat, spread))
    assert sum(FAILS in said.values() for said in found) <= 0.1 * STUDIES
    assert sum(HOLDS in said.values() for said in found) <= 0.1 * STUDIES


def test_a_claim_that_one_patch_does_not_bear_out_is_not_supported(frames):
    found = list(verdicts(frames, luck.but_one_patch, "by size"))
    assert sum(said["training"] == HOLDS for said in found) <= 0.1 * STUDIES
    assert sum(said["gflops"] == HOLDS for said in found) <= 0.1 * STUDIES


def test_three_seeds_decide_what_is_clear(frames):
    found = list(verdicts(frames, luck.larger_learn_slower, "by model", studies=20))
    assert sum(said["training"] == FAILS for said in found) >= 16
    assert sum(said["gflops"] == HOLDS for said in found) >= 12
