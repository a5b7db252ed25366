"""What several verbs share: arguments, and the width of the terminal."""

import shutil
from typing import Annotated

import typer

AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="auto|HOST:PORT|local",
        help="A Ray cluster; default: $RAY_ADDRESS, else this machine.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]
AverageOption = Annotated[
    str | None, typer.Option(help="Which average of a checkpoint of ours, as ema-power-0.05.")
]


def terminal_width() -> int | None:
    """In characters, or as $COLUMNS says; None where the output is no terminal."""
    return shutil.get_terminal_size(fallback=(0, 0)).columns or None
