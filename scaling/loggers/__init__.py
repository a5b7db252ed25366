"""Where else can a person watch a sweep? Boards by name, each a mirror of the records.

TensorBoard always; others by ``--log``. They are written by the sweep's own process, which holds
the study's lease: workers know trainings and not a study's trials, may be on other machines, and
measure a checkpoint in another process than trained it.
"""

import importlib.util
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from scaling.loggers.board import Board
from scaling.study.planning.plan import Plan

ALWAYS = ("tensorboard",)


def _tensorboard(folder: Path, plan: Plan) -> Board:
    from scaling.loggers.tensorboard import TensorBoard

    return TensorBoard(folder, plan)


def _mlflow(folder: Path, plan: Plan) -> Board:
    from scaling.loggers.mlflow import MLflow

    return MLflow(folder, plan)


def _wandb(folder: Path, plan: Plan) -> Board:
    from scaling.loggers.wandb import Wandb

    return Wandb(folder, plan)


@dataclass(frozen=True)
class Logger:
    """A kind of board: the module that it needs, what pip calls it, and how it is opened for a
    study's folder.
    """

    needs: str
    package: str
    open: Callable[[Path, Plan], Board]


LOGGERS = {
    "tensorboard": Logger("tensorboard", "tensorboard", _tensorboard),
    "mlflow": Logger("mlflow", "mlflow-skinny", _mlflow),
    "wandb": Logger("wandb", "wandb", _wandb),
}


def asked_loggers(text: str | None) -> list[str]:
    """The names in ``text``, as in ``wandb,mlflow``, after those that are always kept.

    ValueError for a name that is not known, or whose package is not installed.
    """
    asked = [name.strip() for name in text.split(",")] if text is not None else []
    return check_loggers([*ALWAYS, *asked])


def check_loggers(names: Iterable[str]) -> list[str]:
    """``names``, each once. ValueError as ``asked_loggers``."""
    distinct = list(dict.fromkeys(names))
    for name in distinct:
        if name not in LOGGERS:
            raise ValueError(f"--log {name!r} is no logger; those are {', '.join(LOGGERS)}")
        if importlib.util.find_spec(LOGGERS[name].needs) is None:
            raise ValueError(
                f"--log {name} needs a package that is not installed; pip install "
                f"{LOGGERS[name].package}"
            )
    return distinct
