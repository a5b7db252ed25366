"""The verbs of forecasts: choose what to run next, predict, and score what was predicted."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scaling.commands.arguments import JsonOption
from scaling.commands.passed_over import telling
from scaling.commands.places import (
    ResultsOption,
    StudyArgument,
    as_source,
    check_out,
    study_folder,
)


def suggest(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="STUDY|FILE.csv",
            help="A study, or a table of runs with the columns model, fid and steps.",
        ),
    ],
    target: Annotated[
        str,
        typer.Option(metavar="MODEL@STEPS", help="What is to be predicted, such as DiT-XL/2@7M."),
    ],
    gpu_hours: Annotated[float, typer.Option(help="What may be spent on training.")],
    candidates: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL[@STEPS]...",
            help="What could be run; default: every size and patch, up to twice as long.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            metavar="STUDY",
            help="Of a table: the study whose recipe its runs share; default: dit_imagenet256.",
        ),
    ] = None,
    mfu: Annotated[float, typer.Option(help="Model-FLOPs utilisation of an H100.")] = 0.4,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.py", help="Default: next_STUDY.py here.")
    ] = None,
    as_json: JsonOption = False,
    results: ResultsOption = None,
) -> None:
    """Choose the trainings that narrow a prediction most per GPU-hour, and write them as a study.

    A table has a training, or a checkpoint of one, a row; ``images`` or ``train_steps`` does for
    ``steps``. A row whose ``conditioning``, ``resolution``, ``batch`` or ``cfg_scale`` is not the
    recipe's is left out and counted; ``seed`` tells repeats apart.

    \b
    scaling suggest results/digits --target DiT-d3w64/2@15000 --gpu-hours 3e-6
    scaling suggest results/published/models.csv --target DiT-L/2@7M --gpu-hours 100
    """
    from analysis.forecasting.suggestions.suggest import run

    check_out(out, "--out", (".py",))
    table = as_source(source) if source.lower().endswith(".csv") else Path(source)
    is_table = table.suffix.lower() == ".csv" or table.is_file()
    folder = None if is_table else study_folder(source, results)
    options = [*(candidates or ()), *context.args]
    with telling(*filter(None, [folder])):
        print(run(folder or table, target, gpu_hours, options, mfu, out, as_json, recipe))


def predict(
    context: typer.Context,
    study: StudyArgument,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL[@STEPS]...", help="What to predict, such as DiT-XL/2@400k."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Default: predictions-DATE.json in the folder."),
    ] = None,
    until: Annotated[
        float | None,
        typer.Option(metavar="K", help="Ask instead after how many steps FID is K."),
    ] = None,
    as_json: JsonOption = False,
    results: ResultsOption = None,
) -> None:
    """Freeze predictions of models that have not run, with law, data and code; never written
    over.

    With ``--until K`` it tells when a model's FID comes to K by the same forecast, and freezes
    nothing.

    \b
    scaling predict results/digits --target DiT-d4w96/2@1500
    scaling predict results/digits --target DiT-d4w96/2 --until 3
    """
    from analysis.forecasting.predictions.predict import predict, prediction_text

    check_out(out, "--out", (".json",))
    folder = study_folder(study, results)
    if until is not None:
        from analysis.forecasting.predictions.until import as_json as until_json
        from analysis.forecasting.predictions.until import reached, reached_text

        if out is not None:
            raise ValueError("--until freezes nothing; leave out --out")
        with telling(folder):
            answers = reached(folder, [*(target or ()), *context.args], until)
            print(json.dumps(until_json(answers), indent=1) if as_json else reached_text(answers))
        return
    if as_json:
        raise ValueError("--json is of --until; a prediction's file is JSON already")
    with telling(folder):
        path = predict(folder, [*(target or ()), *context.args], out)
        print(f"{prediction_text(path)}\n{path}")


def score(
    file: Annotated[
        Path,
        typer.Argument(parser=as_source, help="What scaling predict wrote, or a folder of it."),
    ],
    study: StudyArgument,
    as_json: JsonOption = False,
    results: ResultsOption = None,
) -> None:
    """Score frozen predictions; exit code 1 where one is not measured, came late, or rests on data
    that changed.
    """
    from analysis.forecasting.predictions.score import run

    if not file.exists():
        raise ValueError(f"there is no file {file}")
    folder = study_folder(study, results)
    with telling(folder):
        text, sound = run(file, folder, as_json)
        print(text)
    raise typer.Exit(0 if sound else 1)
