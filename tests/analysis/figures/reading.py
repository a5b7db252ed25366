"""What several tests read from a figure."""

from analysis.figures.drawing.hover import positions
from analysis.report.pictures import images


def texts(figure) -> list[str]:
    images(figure, ("svg",))
    return [text for _, _, text in positions(figure)]
