"""Which columns of anyone's table are those that we know by a name, and how are its states told?"""

import re
from pathlib import Path

import polars as pl

# Columns that a reader asks for by these names, however they are spelled in the file
KNOWN = (
    "state",
    "protocol",
    "trial_id",
    "loss",
    "model",
    "fid",
    "steps",
    "train_steps",
    "images",
    "seed",
    "lr",
    "conditioning",
    "resolution",
    "batch",
    "cfg_scale",
)
# How programs write the states of a run -> how we do
STATES = {
    **{word: "completed" for word in ("completed", "complete", "finished", "done", "success")},
    **{word: "completed" for word in ("succeeded", "successful", "ok", "terminated")},  # Ray Tune
    **{word: "failed" for word in ("failed", "crashed", "error", "killed", "timeout")},
    **{word: "failed" for word in ("failure", "errored", "out_of_memory", "oom", "node_fail")},
    **{word: "stopped" for word in ("stopped", "cancelled", "canceled", "preempted", "aborted")},
    **{word: "stopped" for word in ("paused", "interrupted", "pruned")},
    **{word: "pending" for word in ("scheduled", "waiting", "created")},
    **{word: word for word in ("pending", "queued", "running", "evaluating", "diverged")},
}
# What else a column of states is called; it counts as one where it holds nothing but states
CALLED_STATE = ("status", "run_state", "run state", "run_status", "run status", "job_state")


def known_columns(path: Path, columns: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """Columns of ``KNOWN`` under our names, with states in our words."""
    found: dict[str, pl.Series] = {}
    for known in KNOWN:
        spelled = [name for name in columns if name.lower() == known]
        if known == "state" and not spelled:
            spelled = [
                name
                for name in columns
                if name.lower() in CALLED_STATE and _are_states(columns[name])
            ]
        if len(spelled) > 1:
            raise ValueError(
                f"{path}: the columns {' and '.join(spelled)} may both be {known!r}; rename one"
            )
        if spelled:
            found[known] = columns[spelled[0]]
    if "state" in found:
        states = _states(found["state"])
        if strange := [s for s in states if s is not None and s not in STATES]:
            raise ValueError(
                f"{path}, column 'state', row {states.index(strange[0]) + 1}: {strange[0]!r} is no "
                f"state of a run; there are {', '.join(dict.fromkeys(STATES.values()))} (or rename "
                "the column)"
            )
        found["state"] = pl.Series([s and STATES[s] for s in states], dtype=pl.String)
    return found


def _states(column: pl.Series) -> list[str | None]:
    """The first word of each, as of Slurm's "CANCELLED by 1000", in lower case."""
    return [None if s is None else re.split(r" by |\+", str(s).lower())[0] for s in column]


def _are_states(column: pl.Series) -> bool:
    said = {state for state in _states(column) if state is not None}
    return bool(said) and said <= STATES.keys()
