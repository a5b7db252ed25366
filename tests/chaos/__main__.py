"""Does a sweep on real Ray end as an undisturbed one, whatever happens to it while it runs?

    python -m tests.chaos [--only WORD ...] [--limit-s 240]

Each fault strikes a sweep of its own, once a training is at work; where that does not end with all
trials completed, the same command is run again. Printed of each: what was lost of an undisturbed
sweep's checkpoints, evaluations and logged lines, which lines were logged again, what differs in a
bit, what hung until ``--limit-s``, and what outlived the sweep. Exit code 1 where anything was lost
unsaid, differs or hung.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.timing import table
from tests.chaos.faults import FAULTS
from tests.chaos.outcome import Outcome, litter
from tests.chaos.stored import STORE_FAULTS, StoredSweep
from tests.chaos.sweeps import PLAN, Sweep, told_lost


def struck(name: str, root: Path, whole: Outcome, limit_s: float) -> dict:
    """What the fault ``name`` did to a sweep below ``root``."""
    kind = StoredSweep if name in STORE_FAULTS else Sweep
    first = kind(root, limit_s)
    first.wait_until_at_work()
    (STORE_FAULTS | FAULTS)[name](first)
    ended = [first.end()]
    if not first.completed():
        again = kind(root, limit_s)
        ended.append(again.end())
    study = first.outcome_folder()
    outcome = Outcome.of(study, PLAN)
    lost = outcome.lost(whole)
    return {
        "fault": name,
        "commands": len(ended),
        "lost": lost,
        "unsaid": max(0, lost - told_lost(study)),
        "repeated": outcome.repeated,
        "differing": outcome.differing(whole),
        "hanging": sum(code is None for code in ended),
        "left over": len(first.left_over()) + len(litter(root)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="words of the faults' names")
    parser.add_argument("--limit-s", type=float, default=240.0, help="until a sweep hangs")
    options = parser.parse_args()
    names = [
        name
        for name in (*FAULTS, *STORE_FAULTS)
        if not options.only or any(word in name for word in options.only)
    ]
    if not names:
        parser.error(f"no fault is called so; there are: {', '.join((*FAULTS, *STORE_FAULTS))}")
    with tempfile.TemporaryDirectory(prefix="dit-scaling-chaos-") as folder:
        undisturbed = Sweep(Path(folder, "undisturbed"), options.limit_s)
        if undisturbed.end() != 0:
            sys.exit(f"the undisturbed sweep failed:\n{undisturbed.said()}")
        whole = Outcome.of(undisturbed.study, PLAN)
        found = []
        for number, name in enumerate(names):
            found.append(struck(name, Path(folder, str(number)), whole, options.limit_s))
            print(", ".join(f"{key} {value}" for key, value in found[-1].items()), flush=True)
    print(table([tuple(found[0]), *(tuple(map(str, row.values())) for row in found)]))
    sums = {key: sum(row[key] for row in found) for key in found[0] if key != "fault"}
    print(f"{len(found)} faults: " + ", ".join(f"{value} {key}" for key, value in sums.items()))
    return int(any(sums[key] for key in ("unsaid", "differing", "hanging")))


if __name__ == "__main__":
    sys.exit(main())
