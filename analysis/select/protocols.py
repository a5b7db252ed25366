"""Which values may share an axis? Those of one protocol; those of several only where the caller
asks for it, and then the figure says so.
"""

import polars as pl

ACROSS = "Across protocols, as asked for: their figures are different quantities."
APART = "fit them apart, or draw them on one axis with across_protocols=True (--across-protocols)"


def protocols_of(rows: pl.DataFrame) -> dict[str, str]:
    """The protocols of ``rows``, a frame of trials or evaluations, each in words that tell it from
    the others.
    """
    first = rows.unique("protocol", keep="first", maintain_order=True).to_dicts()
    for say in (_label, lambda row: f"{_label(row)}, {row.get('data')}"):
        words = [say(row) for row in first]
        if len(set(words)) == len(words):
            return dict(zip((row["protocol"] for row in first), words))
    return {row["protocol"]: f"{_label(row)}, protocol {row['protocol']}" for row in first}


def one_axis(
    rows: pl.DataFrame, across_protocols: bool = False, remedy: str = "fit them apart"
) -> dict[str, str]:
    """``protocols_of`` where they may share an axis. ValueError names a trial of two of them, both
    in words, and the way out.
    """
    protocols = protocols_of(rows)
    if len(protocols) > 1 and not across_protocols:
        trials = dict(rows.unique("protocol", keep="first").select("protocol", "trial_id").rows())
        (first, its), (second, others), *_ = protocols.items()
        raise ValueError(
            f"{len(protocols)} protocols are mixed, as in {trials[first]} and {trials[second]} "
            f"({its}; {others}); "
            f"their figures do not belong on one axis, {remedy}"
        )
    return protocols


def _label(row: dict) -> str:
    """What is measured, and how: of an evaluated loss, how the figures beside it are sampled."""
    label = row.get("fid_label") or row.get("label") or ""
    return (
        label if "vs" in label else ", ".join(part for part in (label, row.get("sampling")) if part)
    )
