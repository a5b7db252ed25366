"""How is it told when models reach a quality? A sentence, and a line per model."""

from collections.abc import Sequence

from analysis.answers.quality.time_to_quality import TimeToQuality
from analysis.text import listed, number

# where it is: no curve tells when it was reached
AT_ITS_END = (
    " Each training is measured once, so that what reaches it may have done so long before: "
    "checkpoints along the way tell when (--set evaluate.checkpoints=4)."
)


# the interval of one seed knows nothing of training again, which is the larger error
OF_SAMPLES = (
    " An interval of one seed is of drawing other samples alone and holds nothing of training "
    "again: train another seed."
)


def sentence(rows: Sequence[TimeToQuality]) -> str:
    """``EP_FID@5 (ema-power-0.05): cheapest by DiT-d3w64/2, at 51,000 images [44,000, 60,000], 2e13
    training FLOPs; 3 of 12 models reach it (..).`` for one target; where none does, the nearest.
    """
    once = all(row.checkpoints == 1 for row in rows)
    lone = any(row.seeds == 1 and row.images_interval is not None for row in rows)
    return _sentence(rows) + (AT_ITS_END if once else "") + (OF_SAMPLES if lone else "")


def _sentence(rows: Sequence[TimeToQuality]) -> str:
    first = rows[0]
    head = f"{first.name} ({', '.join(dict.fromkeys(row.ema for row in rows))})"
    there = sorted(
        (row for row in rows if row.train_flops is not None), key=lambda row: row.train_flops or 0
    )
    if not there:
        near = min(rows, key=lambda row: row.nearest)
        return (
            f"{head}: no model reaches it with every seed; the nearest is {near.model}, "
            f"{number(near.nearest)} at {near.nearest_images:,} images."
        )
    best = there[0]
    assert best.images is not None and best.train_flops is not None
    ends = best.images_interval
    interval = "" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]"
    return (
        f"{head}: cheapest by {best.model}, at {'most ' if best.at_most else ''}"
        f"{number(best.images)} images{interval}, {number(best.train_flops)} training FLOPs; "
        f"{len(there)} of {len(rows)} models reach it"
        + (
            f" ({listed([row.model for row in there], range(len(there)))})."
            if len(there) > 1
            else "."
        )
    )


def lines(rows: Sequence[TimeToQuality]) -> list[str]:
    """A line per model: what it took, or how near it came."""
    wide = max(len(row.model) for row in rows)
    told_each = []
    for row in rows:
        if row.images is None:
            of = f", {row.reached_by} of {row.seeds} seeds reach it" if row.reached_by else ""
            answer = f"not reached: {number(row.nearest)} at {row.nearest_images:,} images{of}"
        else:
            ends = row.images_interval
            answer = (
                f"{'<= ' if row.at_most else ''}{number(row.images)} images"
                + ("" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]")
                + ("" if row.epochs is None else f", {number(row.epochs)} epochs")
                + f", {number(row.train_flops)} FLOPs"
                + ("" if row.device_hours is None else f", {number(row.device_hours)} device-hours")
                + ("" if row.cost is None else f", {number(row.cost)} in money")
            )
        told_each.append(f"  {row.model:<{wide}}  {answer}")
    return told_each
