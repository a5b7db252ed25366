"""Does a script without a guard run once, though its report is drawn in two processes?"""

import os
import subprocess
import sys

from analysis.report.helper import SERVE, helper
from tests.analysis.synthetic_study import copied

SCRIPT = """
import sys
from analysis.report import helper as helping
from analysis.report import write_report

helping.usable_cores = lambda: 2
print("the script runs", flush=True)
with helping.helper() as other:
    assert other is not None
    print(write_report(sys.argv[1], helper=other).name)
"""


def test_a_script_without_a_guard_is_not_run_again(rates, tmp_path):
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    study = copied(rates, tmp_path / "study")
    command = [sys.executable, str(path), str(study.folder)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": "."}
    )
    assert done.stdout.split("\n")[:2] == ["the script runs", "report.html"]


def test_one_core_has_no_helper(monkeypatch):
    monkeypatch.setattr("analysis.report.helper.usable_cores", lambda: 1)
    with helper() as other:
        assert other is None


def test_the_second_process_says_nothing_to_a_person():
    done = subprocess.run([sys.executable, "-c", SERVE], input=b"", capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
