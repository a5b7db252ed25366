"""Which findings of the papers hold on these records? Each a statement with its threshold, declared
before the data is read.

``claims(Records(...))`` gives a verdict per claim; ``of_study`` and ``of_papers`` make the records.
"""

import functools
from collections.abc import Sequence

import polars as pl

from analysis.answers.contrast import Part
from analysis.answers.study import published_answers
from analysis.answers.verdicts import FAILS, HOLDS, UNKNOWN
from analysis.claims import designs, grid, sampling, training
from analysis.claims.claim import Claim, Judgement, Records, Verdict
from analysis.claims.published_noise import seed_spread
from analysis.claims.together import together
from analysis.frames import Folder, evaluations_frame, published, trials_frame

__all__ = [
    "CLAIMS",
    "FAILS",
    "HOLDS",
    "Claim",
    "Judgement",
    "Part",
    "Records",
    "Verdict",
    "claims",
    "claims_sentence",
    "claims_table",
    "of_papers",
    "of_study",
]

DIT = "DiT, arXiv 2212.09748"
_BELOW = "holds where the 95 % interval lies below 0{}; does not hold where {} lies above 0"

CLAIMS = (
    Claim(
        "gflops",
        "At a fixed patch, more Gflops lower FID.",
        _BELOW.format(" at every patch", "that of a patch, or of a single step up in size,"),
        "slope of log FID on log Gflops",
        "two sizes at some patch, two seeds (three sizes with one)",
        f"{DIT}, section 5",
        grid.gflops_lower_fid,
    ),
    Claim(
        "patch",
        "At a fixed size, a smaller patch lowers FID.",
        _BELOW.format(" at every size", "that of a size, or of a single step down in patch,"),
        "slope of log FID on log tokens",
        "two patches at some size, two seeds (three patches with one)",
        f"{DIT}, section 5",
        grid.tokens_lower_fid,
    ),
    Claim(
        "correlation",
        "FID is strongly correlated with log Gflops.",
        f"holds where the 95 % interval of r lies below −{-grid.STRONG:g}; does not hold where it "
        "lies above",
        "correlation of FID with log Gflops",
        "4 models",
        f"{DIT}, Figure 8 (r −0.93)",
        grid.correlated,
    ),
    Claim(
        "gflops-alone",
        "Gflops alone decide FID: tokens buy what parameters buy.",
        "does not hold where an F test rejects Gflops alone against G + N × T at p < "
        f"{grid.REJECTED:g}; holds where it does "
        f"not and the 95 % interval lies within ±{grid.MARGIN:g}",
        "exponent of tokens minus that of parameters, at equal Gflops",
        "6 models over sizes and patches",
        f"{DIT}, section 5",
        grid.gflops_alone,
    ),
    Claim(
        "training",
        "Larger models use training compute more efficiently.",
        _BELOW.format(" at every patch", "that of a patch, or of one pair of sizes,"),
        "log FID of the larger over the smaller at the training FLOPs the smaller spent",
        "FID over training of two sizes at some patch, two seeds",
        f"{DIT}, Figure 9",
        training.larger_is_efficient,
    ),
    Claim(
        "sampling",
        "More sampling compute does not make up for a smaller model.",
        _BELOW.format(" for every pair of sizes", "that of a pair"),
        "log FID of the larger over the smaller with at least its sampling compute",
        "two sizes at some patch, several numbers of sampling steps, two seeds",
        f"{DIT}, Figure 10",
        sampling.model_compute_wins,
    ),
    Claim(
        "sampling-rival",
        "At equal sampling cost the smaller model wins.",
        _BELOW.format("", "it"),
        "log FID of the smaller over the larger at equal sampling cost",
        "two sizes at some patch, each at several numbers of sampling steps with costs in common, "
        "two seeds",
        "Mei et al., arXiv 2404.01367",
        sampling.smaller_wins_at_equal_cost,
    ),
    Claim(
        "adaln-zero",
        "adaLN-Zero beats the other block designs.",
        _BELOW.format(" against every other design", "that against one"),
        "log FID of adaLN-Zero over the other design",
        "two designs at one size and patch, two seeds",
        f"{DIT}, Figure 5",
        designs.adaln_zero_wins,
    ),
)


def claims(records: Records, asked: Sequence[Claim] = CLAIMS) -> list[Verdict]:
    """The verdict of ``records`` on each claim, in order; together as ``together`` has it."""
    return together([claim.ask(records) for claim in asked])


def of_study(folders: Folder) -> list[Verdict]:
    """The verdicts of a study's records."""
    return claims(Records(trials_frame(folders), evaluations_frame(folders)))


@functools.cache
def of_papers() -> tuple[Verdict, ...]:
    """The verdicts of what the DiT paper prints. One training each: its noise is the published
    spread between trainings.
    """
    grid_of_models = Records(published_answers(), noise=seed_spread())
    tables = dict.fromkeys((claim.name for claim in CLAIMS), grid_of_models)
    tables["adaln-zero"] = Records(published.block_designs(), noise=seed_spread())
    sampled = Records(published.sampling_compute(), noise=seed_spread(samples=10_000))
    tables |= dict.fromkeys(("sampling", "sampling-rival"), sampled)
    return tuple(together([claim.ask(tables[claim.name]) for claim in CLAIMS]))


def claims_sentence(verdicts: Sequence[Verdict]) -> str:
    """``Of 8 claims of the papers 2 hold here (“…”; “…”), 1 does not (“…”) and 5 lack
    evidence.``
    """
    counts = {
        name: [f"“{v.claim.statement.rstrip('.')}”" for v in verdicts if v.verdict == name]
        for name in (HOLDS, FAILS, UNKNOWN)
    }
    if len(counts[UNKNOWN]) == len(verdicts):
        return f"None of {len(verdicts)} claims of the papers is decided by these records."
    verbs = {
        HOLDS: ("holds here", "hold here"),
        FAILS: ("does not", "do not"),
        UNKNOWN: ("lacks evidence", "lack evidence"),
    }
    parts = [
        f"{len(those)} {verbs[name][len(those) > 1]}"
        + ("" if name == UNKNOWN else f" ({'; '.join(those)})")
        for name, those in counts.items()
        if those
    ]
    return (
        f"Of {len(verdicts)} claims of the papers "
        f"{', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}."
    )


def claims_table(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """One row per claim, for reading; ``records`` is how many trials or rows were used."""
    return pl.DataFrame(
        [
            {
                "claim": v.claim.statement,
                "verdict": v.verdict,
                "effect_is": v.claim.effect,
                "effect": v.effect,
                "low": v.interval and v.interval[0],
                "high": v.interval and v.interval[1],
                "of": v.of or None,
                "records": len(v.records),
                "threshold": v.claim.threshold,
                "why": v.why or None,
            }
            for v in verdicts
        ],
        schema={
            "claim": pl.String,
            "verdict": pl.String,
            "effect_is": pl.String,
            "effect": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "of": pl.String,
            "records": pl.Int64,
            "threshold": pl.String,
            "why": pl.String,
        },
    )
