"""How does an error become one line? What was typed, what a file or the machine refused."""

import difflib
import errno
import os
import traceback
from collections.abc import Sequence

import typer
from pydantic import ValidationError

from scaling.study.families.outside.shipped import OWN, STUDY_MODULE
from scaling.study.settings import explain

# Typer brings its own copy of click since 0.20 or so; its public errors lead to the base of either.
UsageError: type[Exception] = typer.BadParameter.__mro__[1]

# Of errors that name no file: what happened, and what to do.
OF_THE_MACHINE = {
    errno.ENOSPC: "no space is left on the disk; make room, or choose another folder",
    errno.EDQUOT: "the disk quota is used up; make room, or choose another folder",
    errno.EFBIG: "a file grew beyond the largest that this shell allows; raise it with ulimit -f",
    errno.EMFILE: "too many files are open for this shell; raise their number with ulimit -n",
    errno.ENFILE: "too many files are open on this machine; close some programs",
    errno.ENOMEM: "the machine is out of memory; close some programs, or ask for less",
    errno.EIO: "the disk failed to read or write (I/O error); look at the machine's log",
    errno.EROFS: "the disk is read-only; choose another folder",
}
LONGEST_WORD, LONGEST = 300, 2000  # characters of a message


def message_of(error: BaseException) -> str | None:
    """The error in one line; None for a fault of ours, whose traceback is wanted."""
    if isinstance(error, ValidationError):
        return one_line(explain(error))
    if isinstance(error, ValueError):
        return one_line(str(error)) or of_a_study(error)
    if isinstance(error, OSError):
        if error.filename is not None:
            return one_line(f"{os.fsdecode(error.filename)}: {error.strerror or error}")
        return OF_THE_MACHINE.get(error.errno or 0)
    if isinstance(error, MemoryError) or "can't allocate memory" in str(error):
        return one_line(f"out of memory; ask for less, or use a larger machine ({error})")
    return of_a_study(error)


def of_a_study(error: BaseException) -> str | None:
    """What a study's own code raised while it was asked for a name, a layer or a network.

    None where no line of a study's file is on the way to the error.
    """
    own = [
        (frame.f_code.co_filename, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_globals.get("__name__", "").startswith(STUDY_MODULE)
        or frame.f_code.co_filename in map(str, OWN.values())
    ]
    if not own:
        return None
    file, line = own[-1]
    return one_line(f"{file}, line {line}: {type(error).__name__}: {error}")


def one_line(text: str) -> str:
    """``text`` with every run of white space and control characters as one space. Of a long word,
    such as a path or a value without end, and of a long text the beginning and the end are kept.
    """
    words = "".join(c if c.isprintable() else " " for c in text).split()
    return _shortened(" ".join(_shortened(word, LONGEST_WORD) for word in words), LONGEST)


def _shortened(text: str, most: int) -> str:
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"


def usage_error(error: Exception, words: Sequence[str]) -> str:
    """What is wrong with the ``words`` that were typed, in one line, with the nearest that fits."""
    context = getattr(error, "ctx", None)
    verb = context.command_path if context else " ".join(["scaling", *words[:1]])
    param = getattr(error, "param", None)
    name = getattr(error, "option_name", "")
    if type(error).__name__ == "NoSuchOption" and context:
        typed = next((word for word in words if word.startswith(name)), name).partition("=")[0]
        known = [*getattr(context.command, "commands", ())]
        text = f"{verb} has no option {typed}; " + (
            f"a command comes first: {', '.join(known)}"
            if known
            else nearest(typed, options_of(context.command))
        )
    elif type(error).__name__ == "MissingParameter" and param is not None:
        text = f"{verb} needs {called(param)}: {(param.help or 'it has no default').rstrip('.')}"
    elif param is not None:
        given = value_of(param, words)
        why = getattr(error, "message", str(error)).removeprefix("Value error, ").rstrip(".")
        text = f"{called(param)}{'' if given is None else f' {given!r}'}: {why}"
    elif context and (verbs := getattr(context.command, "commands", None)):
        typed = next((word for word in words if word not in verbs), "")
        text = f"scaling has no command {typed!r}; {nearest(typed, list(verbs))}"
    else:
        text = f"{verb}: {getattr(error, 'message', str(error)).rstrip('.')}"
    return f"{one_line(text)}; see {verb} --help"


def nearest(typed: str, known: list[str]) -> str:
    near = difflib.get_close_matches(typed, known, n=2, cutoff=0.5)
    return f"nearest: {', '.join(near)}" if near else f"it has {', '.join(known)}"


def options_of(command) -> list[str]:
    return [o for param in command.params for o in param.opts if o.startswith("--")]


def called(param) -> str:
    """How a person writes a parameter: ``--csv``, or an argument's ``LAW``."""
    written = [o for o in param.opts if o.startswith("--")]
    return written[0] if written else param.metavar or param.name.upper()


def value_of(param, words: Sequence[str]) -> str | None:
    """The value that ``words`` give an option, None where they do not."""
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in param.opts:
            return value if equals else next(iter(words[place + 1 : place + 2]), None)
    return None
