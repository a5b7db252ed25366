"""The ``scaling`` command: which verbs it has, and how an error becomes one line."""

import atexit
import gc
import sys

import typer

from scaling.commands import answers, images, models, studies

# In the order of --help. A verb's options are its function's; some take words after a list option.
COMMANDS = (
    studies.sweep,
    studies.status,
    studies.report,
    answers.compare,
    models.count,
    models.export,
    models.sample,
    images.encode,
    images.evaluate,
    answers.fit,
    answers.suggest,
    answers.predict,
    answers.score,
    studies.bundle,
    studies.verify,
)
TAKE_EXTRA_WORDS = (models.sample, answers.suggest, answers.predict)  # as --classes 3 5

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Scaling studies of diffusion transformers.",
)
for command in COMMANDS:
    app.command(context_settings={"allow_extra_args": command in TAKE_EXTRA_WORDS})(command)


def main(args: list[str] | None = None) -> None:
    """Run the command. Bad input, and a file that cannot be read or written, becomes one line and
    exit code 2.
    """
    # At exit Python would look through all of torch and Ray for garbage, for a second or two.
    atexit.register(gc.freeze)
    try:
        app(args)
    except ValueError as error:
        told = str(error)
    except OSError as error:
        if error.filename is None:  # of no file that was named: a fault of ours
            raise
        told = f"{error.filename}: {error.strerror}"
    else:
        return
    print(f"error: {told}", file=sys.stderr)
    sys.exit(2)
