"""Renders figures as PNG, SVG and data, with the place of each value, or the reason why a figure is
not drawn.
"""

import contextlib
import functools
import io
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.figures.drawing.carried import carried
from analysis.figures.drawing.hover import positions
from analysis.figures.drawing.style import STYLE
from analysis.frames import Folder, studies
from analysis.report.helper import LOST, Helper
from analysis.report.study_data import StudyData
from analysis.report.study_figures import draw, wanted
from scaling.records import StudyFolder
from scaling.records.files import json_bytes, write_bytes

DPI = 160
PNG_LEVEL = 3  # of compression: a tenth larger files than the usual 6, in two thirds of the time
KINDS = ("png", "svg")


@dataclass(frozen=True)
class Picture:
    """A figure as files and pages have it, or why there is none."""

    files: dict[str, bytes]  # kind -> its bytes
    inches: float | None = None  # its width
    # its values and where they are, see ``hover.positions``
    marks: Sequence[tuple[float, float, str]] = ()
    missing: str = ""


def picture(draw: Callable[[], Figure], kinds: tuple[str, ...] = KINDS) -> Picture:
    """What ``draw`` draws, as files of these ``kinds``."""
    try:
        figure = draw()
    # what the records cannot carry is told to the reader in the figure's place
    except ValueError as reason:
        return Picture({}, missing=str(reason))
    return Picture(images(figure, kinds), figure.get_figwidth(), positions(figure))


def study_pictures(
    study: StudyData | Folder,
    kinds: tuple[str, ...] = KINDS,
    begun: Mapping[str, Future] | None = None,
) -> dict[str, Picture]:
    """The study's figures by name. Of ``begun``, which ``begin`` gives, those that nobody has come
    to are drawn here.
    """
    data = study if isinstance(study, StudyData) else _read(study)

    def drawn(name: str) -> Picture:
        if begun and not begun[name].cancel():
            with contextlib.suppress(*LOST):  # drawn here then
                return begun[name].result()
        return picture(functools.partial(draw, data, name), kinds)

    return {name: drawn(name) for name in wanted(data)}


def begin(
    helper: Helper, study: StudyData | Folder, kinds: tuple[str, ...] = KINDS
) -> dict[str, Future]:
    """Have another process draw the study's figures, the last first."""
    data = study if isinstance(study, StudyData) else _read(study)
    build = uuid.uuid4().hex
    return {
        name: helper.submit(_drawn, build, data.study.folder, data.across, name, kinds)
        for name in reversed(wanted(data))
    }


def _drawn(build: str, folder: Path, across: bool, name: str, kinds: tuple[str, ...]) -> Picture:
    return picture(functools.partial(draw, _data_of(build, folder, across), name), kinds)


@functools.lru_cache(1)
def _data_of(build: str, folder: Path, across: bool) -> StudyData:
    """Of one ``build`` of a report all figures draw the same data, read once."""
    return _read(folder, across)


def _read(folder: Folder, across: bool = False) -> StudyData:
    (study,) = studies(folder)
    return StudyData(study, across)


def save(study: StudyFolder, name: str, rendered: dict[str, bytes]) -> list[Path]:
    """Write the renderings of one figure into the study's ``figures/``."""
    paths = {study.folder / "figures" / f"{name}.{kind}": data for kind, data in rendered.items()}
    for path, data in paths.items():
        write_bytes(path, data)
    return list(paths)


def images(figure: Figure, kinds: tuple[str, ...] = KINDS) -> dict[str, bytes]:
    """``figure`` as bytes of each of ``kinds``, names of RENDERERS, without date or machine in
    them.
    """
    if unknown := [kind for kind in kinds if kind not in RENDERERS]:
        raise ValueError(f"no kind of picture {unknown[0]!r}; there are {', '.join(RENDERERS)}")
    with rc_context(STYLE):
        figure.set_dpi(DPI)
        # once, for every format, and nothing is drawn for it
        figure.get_layout_engine().execute(figure)
        figure.set_layout_engine(None)
        return {kind: RENDERERS[kind](figure) for kind in kinds}


def _saved(figure: Figure, kind: str, **how) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind, dpi=DPI, **how)
    return buffer.getvalue()


RENDERERS: Mapping[str, Callable[[Figure], bytes]] = {
    "png": lambda figure: _saved(figure, "png", pil_kwargs={"compress_level": PNG_LEVEL}),
    "svg": lambda figure: _saved(figure, "svg", metadata={"Date": None}),
    "json": lambda figure: json_bytes(carried(figure)),  # the data that the figure carries
}
