"""Which refutations stand when several claims are asked of the same records?"""

from collections.abc import Sequence
from dataclasses import replace

from analysis.answers.verdicts import FAILS, UNKNOWN
from analysis.claims.claim import Verdict
from analysis.fits.linear import LEVEL
from analysis.text import number


def together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """``verdicts`` in order, of claims asked together: of the refutations those that Holm's
    procedure leaves, over every claim that the records had an effect for.

    Each at 95 % alone, eight claims that are just true would give one false refutation or more in
    18 % of studies; so it is under 5 % over all of them, however they depend on each other (Holm,
    1979). The other refutations become "not enough evidence", and say so.
    """
    decided = [verdict for verdict in verdicts if verdict.effect is not None]
    stands: set[str] = set()
    for left, verdict in zip(
        range(len(decided), 0, -1), sorted(decided, key=lambda verdict: verdict.p_against)
    ):
        if verdict.p_against * left > 1 - LEVEL:
            break
        stands.add(verdict.claim.name)
    return [
        verdict
        if verdict.verdict != FAILS or verdict.claim.name in stands
        else _doubted(verdict, len(decided))
        for verdict in verdicts
    ]


def _doubted(verdict: Verdict, claims: int) -> Verdict:
    reason = (
        f"refuted if it were the only claim asked, p = {number(verdict.p_against, 1)}, but not "
        f"among {claims} (Holm)"
    )
    return replace(verdict, verdict=UNKNOWN, why="; ".join(filter(None, (reason, verdict.why))))
