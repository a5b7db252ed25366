"""What does a law say of a study, in a row of a table?"""

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class LawAnswer:
    """One law as a table says it. Intervals are 95 %; what is not known is None, and ``why_not``
    says why.
    """

    question: str
    law: str | None = None  # as a formula with its numbers
    exponent: str | None = None  # what the next two are of
    value: float | None = None
    interval: tuple[float, float] | None = None
    held_out: str | None = None  # the rung of the audit
    rms_log_error: float | None = None  # of the audit
    inside: str | None = None  # "3 of 3": held-out values inside their 95 % prediction intervals
    why_not: str | None = None  # no law
    why_no_audit: str | None = None
    bewares: tuple[str, ...] = ()  # what speaks against it
    name: str = field(default="", compare=False)  # in LAWS


def laws_table(answers: list[LawAnswer]) -> pl.DataFrame:
    """One row per law, for reading."""
    return pl.DataFrame(
        [
            {
                "question": law.question,
                "law": law.law,
                "exponent": law.exponent,
                "value": law.value,
                "low": law.interval and law.interval[0],
                "high": law.interval and law.interval[1],
                "held_out": law.held_out,
                "rms_log_error": law.rms_log_error,
                "inside_95": law.inside,
                "why_not": law.why_not or law.why_no_audit,
            }
            for law in answers
        ],
        schema={
            "question": pl.String,
            "law": pl.String,
            "exponent": pl.String,
            "value": pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "held_out": pl.String,
            "rms_log_error": pl.Float64,
            "inside_95": pl.String,
            "why_not": pl.String,
        },
    )
