"""The verbs of answers: compare recipes, compute to quality, and laws of anyone's table."""

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


def compare(
    a: Annotated[
        str,
        typer.Argument(metavar="STUDY_A", help="The recipe compared with: a study, or its folder."),
    ],
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY_B]",
            help="The other recipe, of the same rungs or of models of equal Gflops. Without it the "
            "recipes within STUDY_A are compared, each with the one before it and with the first.",
        ),
    ] = None,
    results: ResultsOption = None,
    metric: Annotated[str, typer.Option(help="fid, kid, heldout_loss or heldout_mse.")] = "fid",
    across_protocols: Annotated[
        bool,
        typer.Option(
            "--across-protocols", help="Compare figures that were measured differently, too."
        ),
    ] = False,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the multipliers, .png or .svg.")
    ] = None,
    at_quality: Annotated[
        list[float] | None,
        typer.Option(metavar="K", help="Compare the FLOPs until the metric is K or less instead."),
    ] = None,
) -> None:
    """How many times the compute of recipe B recipe A would need, at each rung, with its trend and
    crossover; of recipes without a rung in common, such as two families, and of the ways in which
    one recipe's models grow, such as depth and width, their models of equal Gflops.
    """
    if b is None:
        only_of_two = {
            "--figure": figure, "--at-quality": at_quality, "--across-protocols": across_protocols
        }  # fmt: skip
        _compare_within(a, results, metric, [name for name, given in only_of_two.items() if given])
        return
    if at_quality and (figure is not None or across_protocols):
        option = "--figure" if figure is not None else "--across-protocols"
        raise ValueError(f"{option} does nothing with --at-quality; leave one of them out")
    one, other = study_folder(a, results), study_folder(b, results)
    if at_quality:
        from analysis.answers.compare.at_quality import at_quality as compared
        from analysis.answers.compare.at_quality import at_quality_text
        from analysis.answers.quality.command import of_study
        from analysis.answers.quality.time_to_quality import check_asked

        check_asked(at_quality, metric)  # before tables of the records are kept
        both = (of_study(folder, at_quality, metric) for folder in (one, other))
        with telling(one, other):
            print(at_quality_text(compared(*both)))
        return
    from analysis.answers.compare import NoSharedRungs, compare
    from analysis.answers.compare.matched import matched_text, studies_matched
    from analysis.answers.compare.text import compare_text
    from analysis.select.trials import check_metric_name

    check_out(figure, "--figure", (".png", ".svg"))
    check_metric_name(metric)  # before tables of the records are kept
    with telling(one, other):
        try:
            comparison = compare(one, other, metric, across_protocols)
        except NoSharedRungs:
            if figure is not None:  # of multipliers at rungs, and there are none
                raise
            print(matched_text([studies_matched(one, other, metric, across_protocols)]))
            return
        print(compare_text(comparison))
    if figure is not None:
        from analysis.figures.compare import multipliers
        from analysis.report.pictures import images
        from scaling.records.files import write_bytes

        kind = figure.suffix.lower().lstrip(".")
        write_bytes(figure, images(multipliers(comparison, one.name, other.name), (kind,))[kind])


def _compare_within(study: str, results: Path | None, metric: str, only_of_two: list[str]) -> None:
    if only_of_two:
        raise ValueError(f"{only_of_two[0]} compares two studies; give STUDY_B, or leave it out")
    from analysis.answers.compare import NoSharedRungs
    from analysis.answers.compare.ladder import ladder_table, study_ladder
    from analysis.answers.compare.matched import matched_text, study_matched
    from analysis.answers.compare.ways import study_ways

    folder = study_folder(study, results)
    with telling(folder):
        try:
            print(ladder_table(study_ladder(folder, metric), metric))
        except NoSharedRungs:
            print(matched_text(study_ways(folder, metric) or study_matched(folder, metric)))


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
    from analysis.answers.quality.time_to_quality import check_asked

    folder = study_folder(study, results)
    check_asked(at or (), metric, price_per_gpu_hour)  # before tables of the records are kept
    with telling(folder):
        print(run(folder, at or (), metric, price_per_gpu_hour, as_json))


def fit(
    law: Annotated[
        str,
        typer.Argument(
            metavar="LAW",
            help="approach3, isoflop, envelope, powerlaw, saturating, bnsl or repeats.",
        ),
    ],
    csv: Annotated[
        Path,
        typer.Option(
            metavar="FILE", parser=as_source, help="A table, one run (or checkpoint) a row."
        ),
    ],
    n: Annotated[
        str | None, typer.Option(metavar="COL", help="Model size: parameters, or MACs.")
    ] = None,
    d: Annotated[str | None, typer.Option(metavar="COL", help="Data: images or tokens.")] = None,
    loss: Annotated[
        str, typer.Option(metavar="COL", help="What was measured: a loss, or FID.")
    ] = "loss",
    flops: Annotated[
        str | None, typer.Option(metavar="COL", help="Exact training FLOPs; else 6 N D.")
    ] = None,
    x: Annotated[
        str | None,
        typer.Option(metavar="COL", help="Axis of powerlaw, saturating, bnsl; else the FLOPs."),
    ] = None,
    unique: Annotated[
        str | None, typer.Option(metavar="COL", help="Different images; for repeats.")
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="COL",
            help="The training a row comes from, or none: no two rows share an error.",
        ),
    ] = None,
    series: Annotated[
        str | None,
        typer.Option(metavar="COL", help="What laws may differ by; default: series or patch."),
    ] = None,
    delta: Annotated[float, typer.Option(help="Of the Huber loss on log loss.")] = 1e-3,
    bootstrap: Annotated[
        int, typer.Option(help="Repeats behind intervals, 0 for none; isoflop, envelope: Student.")
    ] = 1000,
    curve: Annotated[str, typer.Option(help="isoflop: parabola, cubic, or auto.")] = "auto",
    method: Annotated[str, typer.Option(help="envelope: interpolated or hull.")] = "interpolated",
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the law and its residuals, .png or .svg."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fit a scaling law to anyone's table of runs, with standard errors and 95 % intervals.

    A column ``state`` keeps completed rows, a column ``protocol`` must hold one value, ``trial_id``
    names rows.

    \b
    scaling fit approach3 --csv runs.csv --n params --d images --loss loss --json
    scaling fit isoflop --csv runs.csv --n params --flops train_flops --loss loss
    scaling fit powerlaw --csv runs.csv --x forward_gmacs --loss fid --bootstrap 0
    """
    from analysis.answers.fit_table.command import run, text

    given = {"--n": n, "--d": d, "--loss": loss, "--flops": flops}
    for column in {c for c in given.values() if c is not None}:
        if len(roles := [option for option, c in given.items() if c == column]) > 1:
            raise ValueError(f"{' and '.join(roles)} name one column, {column}; each needs its own")
    check_out(figure, "--figure", (".png", ".svg"))
    fitted = run(
        law,
        csv,
        n=n,
        d=d,
        loss=loss,
        flops=flops,
        x=x,
        unique=unique,
        cluster=cluster,
        delta=delta,
        bootstrap=bootstrap,
        curve=curve,
        method=method,
        series=series,
    )
    print(text(law, fitted, as_json))
    if figure is not None:
        from analysis.figures.laws.fit_table import drawn
        from analysis.report.pictures import images
        from scaling.records.files import write_bytes

        kind = figure.suffix.lower().lstrip(".")
        write_bytes(figure, images(drawn(law, fitted), (kind,))[kind])
