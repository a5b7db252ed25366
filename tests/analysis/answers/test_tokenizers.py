"""Do rungs that rank tokenizers alike agree, and is what cannot be compared refused?"""

import numpy as np
import polars as pl
import pytest

from analysis.answers.tokenizers import tokenizers, tokenizers_table
from analysis.answers.verdicts import AGREE, DISAGREE, OPEN
from analysis.select.curves import curve_order, with_curves

COSTS = (1e-4, 4e-4, 1e-3)  # GMACs of the rungs


def frame(fids: dict[str, list[float]], seeds: int = 3, noise: float = 0.01, costs=COSTS):
    """Trials behind the tokenizers of ``fids``, their FIDs by rung."""
    rng, rows = np.random.default_rng(0), []
    for place, (name, values) in enumerate(fids.items()):
        latent = name != "pixels"
        for rung, value in enumerate(values):
            for seed in range(seeds):
                rows.append(
                    {
                        "trial_id": f"{name}-{rung}-{seed}",
                        "model": f"DiT-{rung} of {name}",
                        "family": "dit",
                        "rung": f"rung {rung}",
                        "series": "patch 1" if latent else "patch 2",
                        "tokenizer": name,
                        "seed": seed,
                        "state": "completed",
                        "forward_gmacs": costs[rung] * (1 + 0.01 * place),
                        "fid": value * float(np.exp(noise * rng.standard_normal())),
                        "fid_se": 0.01 * value,
                        "fid_label": "FID-1K, ddim25, cfg 1.0, digits-cnn, vs train images",
                        "protocol": "one",
                        "rfid": 0.5 if latent else None,
                        "tokenizer_factor": 2 if latent else None,
                        "tokenizer_channels": 4 if latent else None,
                        "decoder_gmacs": 2.5e-4 if latent else None,
                    }
                )
    return pl.DataFrame(rows)


ALIKE = {"pixels": [9.0, 6.0, 2.0], "few": [7.0, 4.0, 1.5], "many": [12.0, 8.0, 4.0]}


def test_rungs_that_rank_alike_agree():
    found = tokenizers(frame(ALIKE))
    assert [row.name for row in found.rows] == ["few", "pixels", "many"]
    assert found.verdict == AGREE and [pair.rho for pair in found.pairs] == [1.0, 1.0]
    assert found.rows[0].ranks == (1, 1, 1) and len(found.gmacs) == 3
    assert "Small and large models agree on the ranking of tokenizers." in found.sentence
    table = tokenizers_table(found).to_dicts()
    assert table[0]["pixels per latent"] == "2 x 2" and table[0]["decoder, MMACs"] == "0.250"
    assert (table[1]["pixels per latent"], table[1]["rFID"]) == (None, "—")
    assert [key for key in table[0] if key.startswith("rank at")][-1] == "rank at 1.01 MMACs"


def test_a_pair_that_changes_places_is_a_disagreement_that_is_named():
    found = tokenizers(frame({**ALIKE, "many": [12.0, 8.0, 1.7]}))
    assert found.verdict == DISAGREE and found.pairs[0].opposite == (("pixels", "many"),)
    luck = tokenizers(frame({name: [5.0, 5.0, 5.0] for name in ALIKE}, noise=0.2))
    assert luck.verdict == OPEN


def test_one_tokenizer_is_no_question_and_two_are_no_ranking():
    assert tokenizers(frame({"pixels": ALIKE["pixels"]})) is None
    with pytest.raises(ValueError, match="needs 3 tokenizers with a FID, and there are 2"):
        tokenizers(frame({name: ALIKE[name] for name in ("pixels", "few")}))


def test_what_does_not_pair_up_is_refused():
    rows = frame(ALIKE)
    with pytest.raises(ValueError, match="2 of few"):
        tokenizers(rows.filter(pl.col("model") != "DiT-2 of few"))
    dear = pl.when(pl.col("tokenizer") == "many").then(2.0).otherwise(1.0)
    with pytest.raises(ValueError, match=r"rung 1 cost .* more than a factor of 1.1 apart"):
        tokenizers(rows.with_columns(forward_gmacs=pl.col("forward_gmacs") * dear))
    other = pl.when(pl.col("tokenizer") == "many").then(pl.lit("two")).otherwise("protocol")
    with pytest.raises(ValueError, match="references train-images"):
        tokenizers(rows.with_columns(protocol=other))


def test_each_tokenizer_has_its_own_curve():
    rows = frame(ALIKE)
    assert set(curve_order(with_curves(rows))) == {
        "pixels, patch 2",
        "few, patch 1",
        "many, patch 1",
    }
    one = rows.filter(pl.col("tokenizer") == "few")
    assert curve_order(with_curves(one)) == ["patch 1"]
