"""How is a decided claim told to a colleague? Its deciding effect in per cent of FID."""

import math

from analysis.answers.verdicts import HOLDS, UNKNOWN
from analysis.claims.claim import Verdict
from analysis.fits.linear import Bounds
from analysis.text import fixed, interval, number


def verdict_text(verdict: Verdict) -> str:
    """``Twice the Gflops: FID 38 % lower (95 %: 30 to 45 %) at patch 4, the least
    clear of 3.`` of a decided claim; ValueError of one that is not.
    """
    if verdict.verdict == UNKNOWN or verdict.effect is None or verdict.interval is None:
        raise ValueError(f"{verdict.claim.name} is not decided: {verdict.why or verdict.verdict}")
    return SENTENCES[verdict.claim.name](verdict)


def change(log_ratio: float, bounds: Bounds) -> str:
    """``38 % lower (95 %: 30 to 45 %)``: a difference of log FID and its interval in words. An end
    on the other side of zero keeps its sign.
    """
    lower = log_ratio < 0
    ends = sorted(_percent(end, lower) for end in bounds)
    return (
        f"{_spoken(_percent(log_ratio, lower))} % {'lower' if lower else 'higher'} (95 %: "
        f"{_spoken(ends[0])} to {_spoken(ends[1])} %)"
    )


def _percent(log_ratio: float, lower: bool) -> float:
    return 100 * math.expm1(log_ratio) * (-1 if lower else 1)


def _spoken(percent: float) -> str:
    return number(percent, 2) if abs(percent) < 100 else number(round(percent))


def _doubling(what: str):
    def say(verdict: Verdict) -> str:
        assert verdict.effect is not None and verdict.interval is not None
        of = _part(verdict)
        if of in {part.of for part in verdict.parts}:
            low, high = (math.log(2) * end for end in verdict.interval)
            of_two = change(math.log(2) * verdict.effect, (low, high))
            return f"Twice the {what}: FID {of_two} at {of}{_rank(verdict)}."
        return f"{of}: FID {change(verdict.effect, verdict.interval)}."

    return say


def _pair(at: str):
    def say(verdict: Verdict) -> str:
        assert verdict.effect is not None and verdict.interval is not None
        ratio = change(verdict.effect, verdict.interval)
        of = _part(verdict)
        return f"{of[0].upper()}{of[1:]}{at}: FID {ratio}{_rank(verdict)}."

    return say


def _part(verdict: Verdict) -> str:
    """The part that decides, without the count of clear ones that follows its name."""
    return verdict.of.split(" (")[0]


def _rank(verdict: Verdict) -> str:
    """Where the deciding part of several stands among them, if the claim holds."""
    several = verdict.verdict == HOLDS and len(verdict.parts) > 1
    return f", the least clear of {len(verdict.parts)}" if several else ""


def _correlation(verdict: Verdict) -> str:
    return f"r is {fixed(verdict.effect)} {interval(verdict.interval)} over {verdict.of}."


def _exponents(verdict: Verdict) -> str:
    assert verdict.effect is not None
    more = "more" if verdict.effect < 0 else "less"
    return (
        f"Tokens buy {more} than parameters: their exponent differs by {fixed(verdict.effect)} "
        f"{interval(verdict.interval)}; {verdict.why.split(';')[0]}."
    )


SENTENCES = {
    "gflops": _doubling("Gflops"),
    "patch": _doubling("tokens"),
    "correlation": _correlation,
    "gflops-alone": _exponents,
    "training": _pair(", at equal training FLOPs"),
    "sampling": _pair(", with at least its sampling compute"),
    "sampling-rival": _pair(", at equal sampling cost"),
    "adaln-zero": _pair(""),
}
