"""Does a training at a rung wait for its word, and is who was stopped early told from others?"""

import threading
import time

from scaling.records.halving import halving_of, read_halving, stopped_early, word_at, write_halving

ONE, TWO = 16 * "a", 16 * "b"
WORD = {"grace": 100, "eta": 3, "passed": {}, "paused": {}, "freed": []}


def nothing_ends() -> None:
    return None


def test_a_training_passes_or_stops_as_it_is_told(tmp_path):
    path = halving_of(tmp_path)
    paused = {TWO: {"rung": 100, "why": "asha: rung 100, 2nd of 3 by held-out loss"}}
    write_halving(path, {**WORD, "passed": {ONE: 300}, "paused": paused})
    assert word_at(path, ONE, 100, nothing_ends) is None
    assert word_at(path, ONE, 300, nothing_ends) is None
    assert word_at(path, TWO, 100, nothing_ends) == paused[TWO]["why"]
    write_halving(path, {**WORD, "paused": paused, "freed": [TWO]})
    assert word_at(str(path), TWO, 300, nothing_ends) is None


def test_it_waits_until_it_is_told(tmp_path):
    path = halving_of(tmp_path)
    path.write_text("{")  # as a file is that something damaged
    assert read_halving(path) is None
    told = threading.Timer(0.3, write_halving, [path, {**WORD, "passed": {ONE: 100}}])
    began = time.monotonic()
    told.start()
    assert word_at(path, ONE, 100, nothing_ends) is None and time.monotonic() - began > 0.25
    told.join()
    # a word about an earlier rung is none about this one; the budget ends the wait
    assert word_at(path, ONE, 300, lambda: "the budget is reached") == "the budget is reached"


def test_asha_is_told_from_other_reasons():
    assert stopped_early("stopped", "asha: rung 100, 2nd of 3 by held-out loss")
    assert not stopped_early("stopped", "the budget of 3 GPU-hours is reached")
    assert not stopped_early("stopped", None) and not stopped_early("pending", "asha: x")
