"""How does output reach a person whatever the terminal? In its encoding, and into closed pipes."""

import codecs
import os
import sys

# In a terminal or file that has no Unicode; any other character becomes a question mark.
PLAIN = {
    "−": "-",
    "–": "-",
    "—": "-",
    "×": "x",
    "·": ".",
    "…": "...",
    "∞": "inf",
    "±": "+-",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "²": "^2",
    "√": "sqrt",
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "σ": "sigma",
    "“": '"',
    "”": '"',
    "’": "'",
}
HANDLER = "dit-scaling-plain"


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(PLAIN.get(character, "?") for character in lost), error.end


codecs.register_error(HANDLER, _plain)


def readable() -> None:
    """Let output hold characters that its encoding lacks, as near as it can say them."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # none where it is closed
            stream.reconfigure(errors=HANDLER)


def flush() -> None:
    """Write what is still held back. OSError names the output where it takes no more."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        error.filename = "the output cannot be written"
        raise


def let_go() -> None:
    """Send what is still held back nowhere if the output takes no more.

    Python would try, and fail, once more at exit.
    """
    try:
        sys.stdout.flush()
        return
    except (OSError, ValueError, AttributeError):
        pass
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError, AttributeError):  # no file of its own: nothing is held back
        pass
