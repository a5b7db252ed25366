"""How often did all frozen predictions of a folder hold, and did they beat the simplest guesses?"""

import math
from collections.abc import Sequence

import numpy as np

from analysis.forecasting.predictions.naive import NAIVE
from analysis.text import count, number


def calibration(scores: Sequence[dict]) -> dict:
    """Of all measured targets of several files: how many lie in their intervals, and the rms log
    errors, of the predictions and of the simplest guesses.
    """
    seen = [t for scored in scores for t in scored["targets"] if t["measured"] is not None]
    errors = {"predicted": [t["log_error"] for t in seen]} | {
        name: [t["naive"][name]["log_error"] for t in seen if name in t["naive"]] for name in NAIVE
    }
    return {
        "files": len(scores),
        "measured": len(seen),
        "inside": sum(t["inside"] for t in seen),
        "rms_log_error": {
            name: math.sqrt(float(np.mean(np.square(each))))
            for name, each in errors.items()
            if each
        },
    }


def calibration_text(whole: dict) -> str:
    """``4 predictions of 2 files measured: 4 of 4 inside their 95 % intervals``, with errors."""
    errors = [f"{name} {number(rms)}" for name, rms in whole["rms_log_error"].items()]
    sentence = (
        f"{count(whole['measured'], 'prediction')} of {count(whole['files'], 'file')} measured: "
        f"{whole['inside']} of {whole['measured']} inside their 95 % intervals"
    )
    return sentence + (f"; rms log error: {', '.join(errors)}" if errors else "")
