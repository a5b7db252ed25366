"""Does output reach any terminal, and does a pipe or disk that takes no more end in one line?"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import scaling

ROOT = Path(scaling.__file__).parents[1]
REFERENCE = ROOT / "results" / "reference" / "digits"
STATUS = f"{sys.executable} -m scaling status {REFERENCE}"


def shell(line: str, **environment) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "line, code, err",
    [
        (f"{STATUS} --json >/dev/full", 2, "error: "),
        (f"{STATUS} >/dev/full", 2, "No space left"),
        (f"{STATUS} >&-", 0, ""),
        (f"ulimit -f 0; {STATUS} --json >$(mktemp)", 2, "File too large"),
    ],
)
def test_an_output_that_takes_no_more_is_one_line_or_none(line, code, err):
    found, _, told = shell(line)
    assert found == code, told
    assert "Traceback" not in told and told.count("\n") == (1 if err else 0)
    assert err in told or "no space" in told or "grew beyond" in told


def test_a_reader_that_went_away_hears_nothing():
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(STATUS.split(), cwd=ROOT, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_terminal_without_unicode_is_given_what_it_can_show():
    code, out, err = shell(
        f"{sys.executable} -c 'from scaling.cli import main; import scaling.cli as c;"
        f' c.run = lambda words: print(chr(0x2212) + "3 " + chr(0x3b1) + chr(0x4e2d)); main([])\'',
        PYTHONIOENCODING="ascii",
        LC_ALL="C",
    )
    assert (code, out, err) == (0, "-3 alpha?\n", "")


def test_ctrl_c_is_one_line_and_130():
    code = (
        "import os, signal, scaling.cli as c\n"
        "c.run = lambda words: os.kill(os.getpid(), signal.SIGINT)\n"
        "c.main([])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
