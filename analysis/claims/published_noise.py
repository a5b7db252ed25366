"""How far does log FID move between trainings, as published?"""

import polars as pl

from analysis.fits.linear import NoiseVariances
from analysis.frames.published import published


def seed_spread(samples: int = 50_000) -> NoiseVariances:
    """How far log FID of ``samples`` samples moves between trainings: the upper end of what was
    read (2 %).

    The part of redrawing samples, 1/3.2 of the part of retraining at 50,000, grows as 1/samples.
    """
    table = published("seed_spread")
    spread = float(table.filter(pl.col("what") == "retraining")["high"][0]) / 100
    ratio = float(table.filter(pl.col("what") == "retraining over resampling")["high"][0])
    resampling = spread**2 / (1 + ratio**2)
    drawn = resampling * 50_000 / samples
    # "several hundred" runs
    return NoiseVariances(spread**2 - resampling + drawn, training_dof=100, sampling=drawn)
