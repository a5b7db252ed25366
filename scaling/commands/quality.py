"""The verb of compute to quality: when does each model reach a FID?"""

from typing import Annotated

import typer

from scaling.commands.arguments import JsonOption
from scaling.commands.passed_over import telling
from scaling.commands.places import ResultsOption, StudyArgument, study_folder


def quality(
    study: StudyArgument,
    at: Annotated[
        list[float] | None,
        typer.Option(
            metavar="K", help="A quality, such as 5; again for more. Default: round ones."
        ),
    ] = None,
    metric: Annotated[
        str, typer.Option(help="One that falls: fid, kid, sfid, cmmd, heldout_loss ...")
    ] = "fid",
    price_per_gpu_hour: Annotated[
        float | None, typer.Option(metavar="P", help="Adds the money that training took.")
    ] = None,
    results: ResultsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell how much training each model of a study needs until FID <= K: images, epochs, FLOPs,
    device-hours and money, with 95 % intervals over seeds.

    \b
    scaling quality results/digits --at 10 --at 5
    scaling quality results/digits --metric heldout_loss --at 0.1 --json
    """
    from analysis.answers.quality.command import run

    folder = study_folder(study, results)
    with telling(folder):
        print(run(folder, at or (), metric, price_per_gpu_hour, as_json))
