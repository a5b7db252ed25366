"""How the tests ask one claim of trials."""

import polars as pl

from analysis.claims import CLAIMS, Records

BY_NAME = {claim.name: claim for claim in CLAIMS}


def asked(name: str, trials: pl.DataFrame, **more):
    return BY_NAME[name].ask(Records(trials, **more))
