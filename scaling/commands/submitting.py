"""What does ``scaling sweep --submit`` look at before the cluster has the sweep?"""

from pathlib import Path

import typer

APART = ("study", "results", "address", "submit")  # not passed on as they are


def submit(context: typer.Context) -> None:
    """Hand the sweep of this command to a cluster, and say how to follow it. ValueError for what
    the job would refuse, as far as it can be known here.
    """
    from scaling.launch.preflight import check_gpus, check_workers
    from scaling.launch.submit import checked_address, submit
    from scaling.records.storage.places import shown
    from scaling.study import Plan, load_study
    from scaling.study.execution import Execution
    from scaling.study.planning.asha import Asha
    from scaling.study.planning.budget import check_budget
    from scaling.study.settings import parse_grid, parse_settings

    given = context.params
    if given["dry_run"]:
        raise ValueError("--dry-run looks and --submit begins; give one of them")
    if given["webhook"]:
        raise ValueError(
            "--webhook with --submit: everybody who sees the cluster's jobs would read the URL; "
            "set $DIT_SCALING_WEBHOOK where the cluster's Ray is started"
        )
    check_budget(given["budget"])
    asked = parse_settings(given["settings"] or ()), parse_grid(given["grid"] or ())
    plan = Plan.of(load_study(given["study"]).with_settings(*asked))
    if given["asha"]:
        Asha.parse(given["asha"]).check(plan)
    check_gpus(given["gpus_per_trial"], given["workers_per_trial"])
    few = given["min_workers_per_trial"]
    check_workers(plan, Execution(workers=given["workers_per_trial"], min_workers=few))
    results: Path = given["results"]
    print(
        submit(
            given["study"],
            plan.name,
            words_of(context),
            shown(results),
            checked_address(given["address"]),
        )
    )


def words_of(context: typer.Context) -> list[str]:
    """The options of this command that are not at their defaults, as they would be written."""
    words = []
    for option in context.command.params:
        value, name = context.params.get(str(option.name)), option.opts[-1]
        if option.name in APART or value == option.default or value in (None, [], ()):
            continue
        if value is True:
            words.append(name)
        else:
            values = value if isinstance(value, list | tuple) else [value]
            words += [f"{name}={each}" for each in values]
    return words
