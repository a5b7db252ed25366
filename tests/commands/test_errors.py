"""Is every word that a command does not know one line with the nearest that it does?"""

import errno

import pytest

from scaling.commands.errors import message_of
from tests.commands.outcome import outcome


@pytest.mark.parametrize(
    "words, says",
    [
        ("sweeep", "scaling has no command 'sweeep'; nearest: sweep"),
        ("xyz", "scaling has no command 'xyz'; it has "),
        ("--json status", "scaling has no option --json; a command comes first: "),
        ("sweep --sett x", "scaling sweep has no option --sett; nearest: --set"),
        ("sweep --sett=x", "scaling sweep has no option --sett; nearest: --set"),
        ("sweep -dry-run", "scaling sweep has no option -dry-run; nearest: --dry-run"),
        ("status a --zzz", "scaling status has no option --zzz; it has"),
        ("sweep --set", "scaling sweep: Option '--set' requires an argument"),
        ("sweep --dry-run=3", "scaling sweep: Option '--dry-run' does not take a value"),
        ("sweep digits smoke", "scaling sweep: Got unexpected extra argument(s) (smoke)"),
        ("sweep --parallel ddq", "--parallel 'ddq': 'ddq' is not one of 'ddp', 'fsdp'"),
        ("sweep --gpus-per-trial=many", "--gpus-per-trial 'many': "),
        ("sweep --workers-per-trial 0", "--workers-per-trial '0': "),
        ("fit", "scaling fit needs LAW: approach3, isoflop"),
        ("fit powerlaw", "scaling fit needs --csv: A table"),
        ("encode --size 3", "scaling encode needs --images"),
    ],
)
def test_what_was_typed_wrong_is_one_line_and_code_2(capsys, words, says):
    code, out, err = outcome(capsys, *words.split())
    assert code == 2 and not out
    assert err.startswith("error: ") and says in err and err.count("\n") == 1
    assert err.endswith(" --help\n")


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("two\nlines"), "two lines"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x.csv"), "x.csv: No such file"),
        (OSError(errno.ENOSPC, "No space left"), "no space is left on the disk; make room"),
        (OSError(errno.EFBIG, "File too large"), "ulimit -f"),
        (MemoryError("Unable to allocate 8 EiB"), "out of memory; ask for less"),
        (ValueError(f"{5000 * 'x'}: no file"), f"{150 * 'x'}...{149 * 'x'}: no file"),
        (ValueError(f"begins {999 * 'ab '}ends"), "b ab ends"),
        (KeyError("a fault of ours"), None),
        (ConnectionResetError(errno.ECONNRESET, "a fault of the net"), None),
    ],
)
def test_an_error_is_one_line_or_a_fault_of_ours(error, line):
    text = message_of(error)
    assert text is None if line is None else line in text and "\n" not in text
    assert len(text or "") < 2100
