"""Does a claim of bad records say why it has no number?"""

import polars as pl

from analysis.answers.verdicts import UNKNOWN
from analysis.claims import Records, claims
from analysis.frames import evaluations_frame, trials_frame
from tests.analysis.claims.asking import asked


def test_bad_records_give_a_reason_that_names_the_trials_and_no_number(finished):
    trials, evaluations = trials_frame(finished), evaluations_frame(finished)
    first = trials["trial_id"][0]
    bad = {
        "2 protocols are mixed": trials.with_columns(
            protocol=pl.when(pl.col("trial_id") == first)
            .then(pl.lit("other"))
            .otherwise("protocol")
        ),
        "which has no logarithm": trials.with_columns(
            fid=pl.when(pl.col("trial_id") == first).then(float("nan")).otherwise("fid")
        ),
        "measured twice": pl.concat([trials, trials.head(1)]),
    }
    for why, frame in bad.items():
        for name in ("gflops", "patch", "correlation", "gflops-alone"):
            found = asked(name, frame)
            assert (found.verdict, found.effect, found.interval, found.records) == (
                UNKNOWN,
                None,
                None,
                (),
            )
            assert why in found.why and first in found.why
    twice = pl.concat([evaluations, evaluations.filter(pl.col("trial_id") == first)])
    assert first in asked("training", trials, evaluations=twice).why
    lost = trials.with_columns(state=pl.lit("diverged"))
    assert all(
        verdict.verdict == UNKNOWN and verdict.effect is None for verdict in claims(Records(lost))
    )
    one = trials.with_columns(
        state=pl.when(pl.col("trial_id") == first).then(pl.lit("diverged")).otherwise("state")
    )
    assert first not in asked("gflops", one).records
