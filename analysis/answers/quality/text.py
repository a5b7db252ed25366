"""How is it told when models reach a quality? A sentence, and a line per model."""

from collections.abc import Sequence

from analysis.answers.quality.time_to_quality import TimeToQuality
from analysis.text import listed, number


def sentence(found: Sequence[TimeToQuality]) -> str:
    """``EP_FID@5 (ema-power-0.05): cheapest by DiT-d3w64/2, at 51,000 images [44,000, 60,000], 2e13
    training FLOPs; 3 of 12 models reach it (..).`` for one target; where none does, the nearest.
    """
    first = found[0]
    head = f"{first.name} ({', '.join(dict.fromkeys(one.ema for one in found))})"
    there = sorted(
        (one for one in found if one.train_flops is not None), key=lambda one: one.train_flops or 0
    )
    if not there:
        near = min(found, key=lambda one: one.nearest)
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
        f"{len(there)} of {len(found)} models reach it"
        + (
            f" ({listed([one.model for one in there], range(len(there)))})."
            if len(there) > 1
            else "."
        )
    )


def lines(found: Sequence[TimeToQuality]) -> list[str]:
    """A line per model: what it took, or how near it came."""
    wide = max(len(one.model) for one in found)
    told_each = []
    for one in found:
        if one.images is None:
            of = f", {one.reached_by} of {one.seeds} seeds reach it" if one.reached_by else ""
            told = f"not reached: {number(one.nearest)} at {one.nearest_images:,} images{of}"
        else:
            ends = one.images_interval
            told = (
                f"{'<= ' if one.at_most else ''}{number(one.images)} images"
                + ("" if ends is None else f" [{number(ends[0])}, {number(ends[1])}]")
                + ("" if one.epochs is None else f", {number(one.epochs)} epochs")
                + f", {number(one.train_flops)} FLOPs"
                + ("" if one.device_hours is None else f", {number(one.device_hours)} device-hours")
                + ("" if one.cost is None else f", {number(one.cost)} in money")
            )
        told_each.append(f"  {one.model:<{wide}}  {told}")
    return told_each
