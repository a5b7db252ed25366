"""What several verbs share: arguments, and the width of the terminal."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="auto|HOST:PORT|local",
        help="A Ray cluster; default: $RAY_ADDRESS, else this machine.",
    ),
]
GridOption = Annotated[
    list[str] | None,
    typer.Option(
        "--grid",
        metavar="KEY=VALUE,VALUE",
        help="Every trial at each of these values; again for another field.",
    ),
]
AshaOption = Annotated[
    str | None,
    typer.Option(
        metavar="grace=STEPS[,eta=3]",
        help="Stop early, at rungs of steps, what has a higher held-out loss than other trainings "
        "of its model.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object.")]
# What a person says of weights, on every command that takes them.
AverageOption = Annotated[
    str | None,
    typer.Option(help="Which weights of several, as ema-power-0.05, weights (raw), ema or fp16."),
]
ObjectiveOption = Annotated[
    str | None,
    typer.Option(help="What foreign weights predict: ddpm, epsilon, flow, or sit (SiT's code)."),
]
NullOption = Annotated[
    str | None,
    typer.Option(help="Foreign weights' label for no class: last, or none."),
]
HeadsOption = Annotated[
    int | None, typer.Option(help="Attention heads, where the weights do not tell.")
]
InputSizeOption = Annotated[
    int | None, typer.Option(help="(Latent) pixels per side, where the weights do not tell.")
]
LeaveOutOption = Annotated[
    list[str] | None,
    typer.Option(metavar="BEGINNING", help="Leave out entries that begin so; may be repeated."),
]
CaptionsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--captions",
        metavar="TEXT",
        help="Of a pipeline that reads text: what class 0 means; again for class 1, and so on.",
    ),
]
NetworkOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.py", help="The file that defines a network of your own; it is run."),
]


def terminal_width() -> int | None:
    """In characters, or as $COLUMNS says; None where the output is no terminal."""
    return shutil.get_terminal_size(fallback=(0, 0)).columns or None
