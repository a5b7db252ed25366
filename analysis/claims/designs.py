"""Does adaLN-Zero beat the other block designs? It is compared with each at the same size and
patch.
"""

import polars as pl

from analysis.answers.contrast import cells_of, difference
from analysis.claims.claim import Judgement, Records, asked_of, judge

BEST = "adaln-zero"


def adaln_zero_wins(records: Records) -> Judgement:
    """A part per other design and model."""
    if "conditioning" not in records.trials.columns:
        raise ValueError(
            "the trials have no column conditioning; which block design they have is not known"
        )
    points = records.answers.selection.points()
    asked_of(points, "conditioning", "block designs")
    points = points.filter(pl.col("conditioning").is_not_null())  # other families have none
    parts = []
    for (size, patch), rows in cells_of(points).group_by("size", "patch", maintain_order=True):
        ours = rows.filter(pl.col("conditioning") == BEST)
        for other in rows.filter(pl.col("conditioning") != BEST).to_dicts() if len(ours) else []:
            parts.append(
                difference(
                    ours.row(0, named=True),
                    other,
                    f"{size}/{patch} against {other['conditioning']}",
                    records.noise,
                )
            )
    if not parts:
        designs = ", ".join(points["conditioning"].unique(maintain_order=True))
        raise ValueError(
            f"no size and patch was trained with {BEST} and another block design (found {designs})"
        )
    return judge(parts)
