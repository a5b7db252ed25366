"""How far do the seeds of one model scatter, and how far the evaluations of one training?"""

import numpy as np
import polars as pl

from analysis.forecasting.forecast import NoiseDeviations

LEAST_REPEATS = 3  # degrees of freedom, of trainings, behind a measured noise
LUCK_TO_SAMPLING = 3.2  # arXiv 2606.20536
LEAST_SAMPLING = 1e-4  # of a log FID: figures that agree further do so by luck or by rounding


def noise_between_seeds(rows: pl.DataFrame) -> NoiseDeviations:
    """What the trainings in ``rows`` (model, train_id, step, value) scatter about their model,
    where enough were repeated; else the published spread.

    The checkpoints of a training share its luck, so the trainings are counted, not the
    checkpoints: per model the trainings with the same steps make a table of seeds by steps, whose
    rows differ by luck and whose remainder is sampling (two-way analysis of variance). Where a
    model has one step, the two are told apart by their published ratio.
    """
    among, among_dof, remainder, remainder_dof, checkpoints = 0.0, 0, 0.0, 0, 0.0
    for _, of_model in rows.group_by("model", maintain_order=True):
        steps = of_model.group_by("train_id", maintain_order=True).agg(pl.col("step").unique())
        common = sorted(set.intersection(*(set(own) for own in steps["step"].to_list())))
        if len(steps) < 2 or not common:
            continue
        table = (
            of_model.filter(pl.col("step").is_in(common))
            .unique(["train_id", "step"], keep="first", maintain_order=True)
            .sort("train_id", "step")["value"]
            .log()
            .to_numpy()
            .reshape(len(steps), len(common))
        )
        seeds = table.mean(1)
        apart = table - seeds[:, None] - table.mean(0) + table.mean()
        among += float(np.sum((seeds - seeds.mean()) ** 2))
        among_dof += len(seeds) - 1
        checkpoints += (len(seeds) - 1) / len(common)
        remainder += float(np.sum(apart**2))
        remainder_dof += (len(seeds) - 1) * (len(common) - 1)
    if among_dof < LEAST_REPEATS or among == 0:
        return NoiseDeviations()
    mean_of_seeds = among / among_dof  # luck, and sampling over the number of checkpoints
    if remainder_dof < LEAST_REPEATS:
        sampling = max(
            mean_of_seeds / (LUCK_TO_SAMPLING**2 + checkpoints / among_dof), LEAST_SAMPLING**2
        )
        return NoiseDeviations(
            LUCK_TO_SAMPLING * float(np.sqrt(sampling)), float(np.sqrt(sampling)), among_dof
        )
    sampling = max(remainder / remainder_dof, LEAST_SAMPLING**2)
    luck = max(0.0, mean_of_seeds - sampling * checkpoints / among_dof)
    return NoiseDeviations(float(np.sqrt(luck)), float(np.sqrt(sampling)), among_dof)
