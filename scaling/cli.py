"""The ``scaling`` command: which verbs it has, and how an error becomes one line."""

import atexit
import gc
import inspect
import re
import sys
import warnings
from collections.abc import Callable

import typer

from scaling.commands import (
    answers,
    forecasts,
    images,
    models,
    planning,
    studies,
    sweeping,
)
from scaling.commands.errors import UsageError, message_of, one_line, usage_error
from scaling.commands.limits import bounded, check_here, check_words
from scaling.commands.output import flush, let_go, readable
from scaling.study.own_packages import own_package

BAD_INPUT, INTERRUPTED, BROKEN_PIPE = 2, 130, 141  # exit codes: the last two as shells have them

# In the order of --help. A verb's options are its function's; some take words after a list option.
COMMANDS = (
    planning.plan,
    sweeping.sweep,
    studies.status,
    sweeping.stop,
    sweeping.retry,
    studies.report,
    answers.compare,
    answers.quality,
    models.count,
    models.export,
    models.sample,
    images.encode,
    images.evaluate,
    answers.fit,
    forecasts.suggest,
    forecasts.predict,
    forecasts.score,
    studies.bundle,
    studies.verify,
)
TAKE_EXTRA_WORDS = (models.sample, forecasts.suggest, forecasts.predict)  # as --classes 3 5

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Scaling studies of diffusion transformers.",
)


def _help(command: Callable) -> str:
    """What the docstring says. A line break within a paragraph, which typer would show, is a
    space, but in indented examples.
    """
    text = inspect.cleandoc(command.__doc__ or "")
    return re.sub(r"(?<=\S)\n(?=\S)", " ", text)


for command in COMMANDS:
    app.command(
        help=_help(command),
        context_settings={"allow_extra_args": command in TAKE_EXTRA_WORDS},
    )(bounded(command))


def main(args: list[str] | None = None) -> None:
    """Run the command, and leave with its exit code.

    Bad input, and a file that cannot be read or written, becomes one line and exit code 2. Ctrl-C
    becomes one line and 130; a reader that went away, as in ``| head``, 141 without a word.
    """
    # At exit Python would look through all of torch and Ray for garbage, for a second or two.
    atexit.register(gc.freeze)
    readable()
    # a line, as an error is
    warnings.formatwarning = lambda message, *_: f"note: {one_line(str(message))}\n"
    words = sys.argv[1:] if args is None else args
    line = None
    try:
        code = run(words)
        flush()
    except KeyboardInterrupt:
        code, line = INTERRUPTED, "interrupted"
    except BrokenPipeError:
        let_go()
        code = BROKEN_PIPE
    except UsageError as error:
        code, line = BAD_INPUT, f"error: {usage_error(error, words)}"
    # A study's own code may end the program in its forward pass, its layers or its name.
    except BaseException as error:
        text = message_of(error)
        if text is None:
            raise
        code, line = BAD_INPUT, f"error: {text}"
        if isinstance(error, OSError):  # perhaps of the output itself
            let_go()
    if line:
        print(line, file=sys.stderr)
    sys.exit(code)


def run(words: list[str]) -> int:
    """Run the verb that ``words`` name; its exit code. What it raises passes through."""
    check_here()
    # Whatever lies in the working directory, where `python -m` looks first.
    own_package("analysis"), own_package("experiments")
    check_words(words)
    command = typer.main.get_command(app)
    try:
        with command.make_context("scaling", list(words)) as context:
            command.invoke(context)
    except typer.Exit as leaving:
        return leaving.exit_code
    except UsageError as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # the help is printed already
            return BAD_INPUT
        raise
    return 0
