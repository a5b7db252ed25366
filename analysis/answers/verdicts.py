"""What can records say of a statement? The words of every verdict, in one place.

A verdict is a word that tables and pages print. Which words a question may be answered with is a
tuple here; how a page shows each is its tone.
"""

HOLDS, FAILS = "holds", "does not hold"
UNKNOWN = "not enough evidence"  # of a claim: its interval is on both sides, or there is none
OPEN = "not resolved"  # of a difference: its interval holds zero
ONE_SEED, LOST, PENDING = "one seed: no error", "diverged or failed", "not measured yet"
AGREE, DISAGREE = "agree", "disagree"
BETTER, WORSE, CROSSES = "B needs less compute", "A needs less compute", "the recipes cross"

OF_CLAIM = (HOLDS, FAILS, UNKNOWN)
OF_STEP = (HOLDS, FAILS, OPEN, ONE_SEED, LOST, PENDING)
OF_PAIR = (AGREE, DISAGREE)
OF_COMPARISON = (BETTER, WORSE, CROSSES, OPEN)

GOOD, BAD, UNSURE = "holds", "fails", "open"
TONES = {
    HOLDS: GOOD,
    AGREE: GOOD,
    BETTER: GOOD,
    FAILS: BAD,
    DISAGREE: BAD,
    WORSE: BAD,
    UNKNOWN: UNSURE,
    OPEN: UNSURE,
    CROSSES: UNSURE,
    ONE_SEED: UNSURE,
    LOST: UNSURE,
    PENDING: UNSURE,
}


def below(interval: tuple[float, float], bound: float = 0.0, neither: str = UNKNOWN) -> str:
    """HOLDS where ``interval`` lies below ``bound``, FAILS where above, else ``neither``."""
    low, high = interval
    if high < bound:
        return HOLDS
    return FAILS if low > bound else neither
