"""Tables of trials in memory, for tests that need no records."""

import polars as pl


def synthetic(gflops, fid, seeds: int = 1) -> pl.DataFrame:
    """A row for each training, the ``seeds`` of a model one after another."""
    n = len(gflops)
    models = [i // seeds for i in range(n)]
    return pl.DataFrame(
        {
            "trial_id": [f"t{i}" for i in range(n)],
            "model": [f"m{i}" for i in models],
            "cell": [f"c{i}" for i in models],
            "seed": [i % seeds for i in range(n)],
            "lr": [1e-3] * n,
            "state": ["completed"] * n,
            "protocol": ["p"] * n,
            "patch": [2] * n,
            "forward_gmacs": [float(g) for g in gflops],
            "fid": [float(f) for f in fid],
        }
    )
