"""Does one process at a time work on a training, and does a killed one leave it free?"""

import subprocess
import sys

from scaling.launch.trials.run_lock import hold
from scaling.records import Run
from scaling.training.workers import Workers

HOLDER = """
import sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_a_lock_is_held_until_its_block_is_left(tmp_path):
    run = Run(tmp_path)
    with hold(run, 0.0, Workers()):
        assert hold(run, 0.05, Workers()) is None
    with hold(run, 0.0, Workers()) as again:
        assert again is not None


def test_a_killed_process_leaves_the_training_free(tmp_path):
    run = Run(tmp_path)
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.lock)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout.readline() == "held\n"
        assert hold(run, 0.05, Workers()) is None
    finally:
        other.kill()
        other.wait()
    with hold(run, 10.0, Workers()) as held:
        assert held is not None
