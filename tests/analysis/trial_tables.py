"""Tables of trials in memory, a model each, for tests that need no records."""

import polars as pl


def synthetic(gflops, fid) -> pl.DataFrame:
    n = len(gflops)
    return pl.DataFrame(
        {
            "trial_id": [f"t{i}" for i in range(n)],
            "model": [f"m{i}" for i in range(n)],
            "cell": [f"c{i}" for i in range(n)],
            "seed": [0] * n,
            "lr": [1e-3] * n,
            "state": ["completed"] * n,
            "protocol": ["p"] * n,
            "patch": [2] * n,
            "forward_gmacs": [float(g) for g in gflops],
            "fid": [float(f) for f in fid],
        }
    )
