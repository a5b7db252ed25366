"""Do small models rank tokenizers as large ones do?

A tokenizer is what stands between a model and its images: an autoencoder, or none, where the model
makes pixels. Models of several tokenizers stand on one rung if they are of one place in their
tokenizer's order of ``forward_gmacs``. Two tokenizers are told apart at a rung where the 95 %
interval of the difference of their log FIDs is clear of zero, as for feature spaces; rungs disagree
where both tell a pair apart, in opposite orders.
"""

import math
from dataclasses import dataclass

import polars as pl

from analysis.answers.feature_spaces import FEWEST, Agreement, Measured, agreement, verdict_over
from analysis.select.protocols import one_axis
from analysis.select.trials import measured
from analysis.text import number

MOST_APART = 1.1  # of the forward MACs of one rung's models, the dearest to the cheapest


@dataclass(frozen=True)
class OfTokenizer:
    """One tokenizer: what it is, and the FIDs of the models behind it."""

    name: str
    factor: int | None  # pixels per latent pixel, each way; None for pixels
    channels: int | None
    rfid: float | None
    decoder_gmacs: float | None  # 1e9 MACs an image
    fids: tuple[float, ...]  # geometric mean over seeds, by rung
    ranks: tuple[int, ...]  # 1 is the best of its rung


@dataclass(frozen=True)
class Tokenizers:
    """The tokenizers of a study at each rung, the cheapest first."""

    rows: list[OfTokenizer]  # best at the dearest rung first
    gmacs: tuple[tuple[float, float], ...]  # of each rung, its cheapest and dearest model's
    pairs: list[Agreement]  # of each rung with the dearest

    @property
    def verdict(self) -> str:
        return verdict_over(self.pairs)

    @property
    def sentence(self) -> str:
        return f"Small and large models {self.verdict} on the ranking of tokenizers. " + (
            "; ".join(map(str, self.pairs)) + "."
        )


def tokenizers(trials: pl.DataFrame) -> Tokenizers | None:
    """How the models of ``trials`` rank their tokenizers; None where there is a single one.

    ValueError where fewer than FEWEST tokenizers are measured at two rungs or more, their rungs do
    not pair up in cost, or their FIDs do not belong on one axis.
    """
    if trials["tokenizer"].n_unique() < 2:
        return None
    points = measured(trials).filter(pl.col("fid") > 0)
    by_name: dict[str, list[dict]] = {}
    for row in points.sort("forward_gmacs").iter_rows(named=True):
        by_name.setdefault(row["tokenizer"], []).append(row)
    if len(by_name) < FEWEST:
        raise ValueError(
            f"a ranking needs {FEWEST} tokenizers with a FID, and there are {len(by_name)}"
        )
    one_axis(points, remedy="compare them with evaluate.protocol.references train-images")
    models = {
        name: list(dict.fromkeys(row["model"] for row in rows)) for name, rows in by_name.items()
    }
    counts = {len(names) for names in models.values()}
    if len(counts) > 1 or counts == {1}:
        told = ", ".join(f"{len(names)} of {name}" for name, names in models.items())
        raise ValueError(
            f"a ranking at each rung needs as many sizes of each tokenizer, two at least: {told}"
        )
    rungs = range(counts.pop())
    costs = [_costs(by_name, models, rung) for rung in rungs]
    for rung, (low, high) in enumerate(costs, 1):
        if high > MOST_APART * low:
            raise ValueError(
                f"the models of rung {rung} cost {low:.3g} to {high:.3g} GMACs, more than a factor "
                f"of {MOST_APART} apart: match them to compare tokenizers"
            )
    values = {
        _words(cost): {name: _at(by_name[name], models[name][rung]) for name in models}
        for rung, cost in zip(rungs, costs)
    }
    last = list(values)[-1]
    ranks = {
        rung: {name: place for place, name in enumerate(sorted(of, key=lambda n: of[n].mean), 1)}
        for rung, of in values.items()
    }
    rows = [
        OfTokenizer(
            name,
            factor=_known(by_name[name], "tokenizer_factor"),
            channels=_known(by_name[name], "tokenizer_channels"),
            rfid=_known(by_name[name], "rfid"),
            decoder_gmacs=_known(by_name[name], "decoder_gmacs"),
            fids=tuple(math.exp(of[name].mean) for of in values.values()),
            ranks=tuple(places[name] for places in ranks.values()),
        )
        for name in sorted(models, key=lambda name: values[last][name].mean)
    ]
    pairs = [agreement(rung, last, values, list(models)) for rung in list(values)[:-1]]
    return Tokenizers(rows, tuple(costs), pairs)


def _costs(by_name, models, rung: int) -> tuple[float, float]:
    costs = [
        next(row["forward_gmacs"] for row in rows if row["model"] == models[name][rung])
        for name, rows in by_name.items()
    ]
    return min(costs), max(costs)


def _words(cost: tuple[float, float]) -> str:
    return f"{1e3 * math.sqrt(cost[0] * cost[1]):.3g} MMACs"


def _at(rows: list[dict], model: str) -> Measured:
    mine = [row for row in rows if row["model"] == model]
    return Measured(
        {row["seed"]: math.log(row["fid"]) for row in mine},
        {
            row["seed"]: None if row["fid_se"] is None else row["fid_se"] / row["fid"]
            for row in mine
        },
    )


def _known(rows: list[dict], column: str):
    return next((row[column] for row in rows if row[column] is not None), None)


def tokenizers_table(ranking: Tokenizers) -> pl.DataFrame:
    """A row per tokenizer: what it is, then FID and rank at each rung."""
    rungs = [_words(cost) for cost in ranking.gmacs]
    return pl.DataFrame(
        [
            {
                "tokenizer": row.name,
                "pixels per latent": row.factor and f"{row.factor} x {row.factor}",
                "channels": row.channels,
                "rFID": number(row.rfid) if row.rfid is not None else "—",
                "decoder, MMACs": number(1e3 * row.decoder_gmacs)
                if row.decoder_gmacs is not None
                else "—",
                **{f"FID at {rung}": number(fid) for rung, fid in zip(rungs, row.fids)},
                **{f"rank at {rung}": rank for rung, rank in zip(rungs, row.ranks)},
            }
            for row in ranking.rows
        ]
    )
