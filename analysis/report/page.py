"""Builds ``report.html``: one self-contained page of a study that has ended or still runs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup, escape

from analysis.answers.verdicts import TONES
from analysis.frames import Folder, studies
from analysis.report.helper import Helper
from analysis.report.page_data import comparison_data, data_of, report_data
from analysis.report.page_tables import shown_figure
from analysis.report.pictures import KINDS, Picture, begin, save, study_pictures
from analysis.report.study_data import StudyData
from analysis.report.study_figures import CAPTIONS
from analysis.text import count, fixed, interval, number
from scaling.records import StudyFolder
from scaling.records.files import write_bytes

__all__ = ["CAPTIONS", "Built", "build", "report_data", "write_report"]


def write_report(
    folder: Folder,
    live: bool = False,
    other: Folder | None = None,
    across_protocols: bool = False,
    helper: Helper | None = None,
) -> Path:
    """Write the study's figures and ``report.html`` into its folder; returns the page. Works midway
    through a sweep.

    The page reloads itself while trials are running; ``live`` says that a sweep is, whatever their
    states (between two trials none may be running). ``other`` is a study of the same rungs to
    compare with. ``across_protocols`` puts figures of several protocols beside each other, in the
    comparison and on one axis, and says so. ``helper`` is a process that draws half of the figures,
    see ``analysis.report.helper``.
    """
    (study,) = studies(folder)
    built = build(study, live, other=other, across_protocols=across_protocols, helper=helper)
    for name, picture in built.pictures.items():
        save(study, name, picture.files)
    page = study.folder / "report.html"
    write_bytes(page, built.page.encode())
    return page


@dataclass(frozen=True)
class Built:
    """A report and all that went into it."""

    page: str
    data: dict  # what the page says
    pictures: dict[str, Picture]


def build(
    study: StudyFolder,
    live: bool = False,
    kinds: tuple[str, ...] = KINDS,
    other: Folder | None = None,
    across_protocols: bool = False,
    helper: Helper | None = None,
) -> Built:
    """The report of ``study`` as its records are now; writes nothing."""
    read = StudyData(study, across_protocols)
    begun = begin(helper, read, kinds) if helper else {}
    data = data_of(read, live) | comparison_data(study, other, across_protocols)
    pictures = study_pictures(read, kinds, begun)
    shown = [shown_figure(name, CAPTIONS[name], drawn) for name, drawn in pictures.items()]
    return Built(_render(data, shown), data, pictures)


def _formula(text: str) -> Markup:
    """``N_opt ∝ C^0.5`` with its exponent raised and its index lowered."""
    raised = re.sub(r"\^([−\w.]+)", r"<sup>\1</sup>", str(escape(text)))
    return Markup(re.sub(r"_(\w+)", r"<sub>\1</sub>", raised))


def _by(items: Iterable, name: str) -> list[tuple]:
    """``items``, dicts or objects, under each value of ``name``, in the order in which these are
    met.
    """
    groups: dict = {}
    for item in items:
        groups.setdefault(item[name] if isinstance(item, dict) else getattr(item, name), []).append(
            item
        )
    return list(groups.items())


def _render(data: dict, shown: list[dict]) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "by": _by,
        "number": number,
        "fixed": fixed,
        "interval": interval,
        "formula": _formula,
        "tone": lambda verdict: TONES.get(verdict, ""),
    }
    figures = {figure["name"]: figure for figure in shown}
    environment.globals |= {
        "count": count,
        "of": lambda *names: [figures[name] for name in names if name in figures],
    }
    return environment.get_template("page.html").render(figures=figures, **data)
