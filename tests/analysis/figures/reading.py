"""What several tests read from a figure."""

from analysis.figures.drawing.hover import positions
from analysis.report.pictures import images


def texts(figure) -> list[str]:
    images(figure, ("svg",))
    return [text for _, _, text in positions(figure)]


def thick_lines(figure) -> list:
    return [line for axes in figure.axes for line in axes.lines if line.get_linewidth() == 1.6]


def legend_of(figure) -> set[str]:
    return {text.get_text().replace("\n", " ") for text in figure.legends[0].get_texts()}


def words_of(legend) -> list[str]:
    """The texts of ``legend`` in their order."""
    return [text.get_text() for text in legend.get_texts()]
