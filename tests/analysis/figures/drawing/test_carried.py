"""Does what is read off a figure hold all that it shows, and change where the data does?"""

import json

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.drawing.carried import carried
from analysis.figures.drawing.hover import mark


def drawn(y=(1.0, np.nan, 4.0), low=0.5) -> dict:
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2, 3], y)
    axes.fill_between([1, 3], low, 5.0)
    axes.scatter([1], [2])
    axes.bar([1], [3])
    axes.imshow(np.zeros((2, 2)))
    axes.set(xlabel="Gflops", ylabel="FID", yscale="log", title="a panel")
    axes.text(1, 1, "said")
    mark(axes, [1.0], [2.0], ["S: FID 2"])
    figure.suptitle("A title")
    figure.draw_without_rendering()
    return carried(figure)


def test_all_that_can_be_read_is_there():
    found = drawn()
    (panel,) = found["panels"]
    assert found["texts"] == ["A title"] and found["values"] == ["S: FID 2"]
    assert (panel["x"], panel["y"], panel["title"]) == ("Gflops", "FID", "a panel")
    assert panel["scales"] == ["linear", "log"] and panel["texts"] == ["said"]
    assert panel["lines"] == [[[1.0, 2.0, 3.0], [1.0, None, 4.0]]]
    assert [1.0, 2.0] in panel["points"][-1] and panel["images"] == [[[0.0, 0.0], [0.0, 0.0]]]
    assert panel["areas"] and panel["bars"]


def test_it_is_json_and_the_same_for_the_same_data():
    assert json.loads(json.dumps(drawn(), allow_nan=False)) == drawn()


def test_another_value_anywhere_is_seen():
    assert drawn() != drawn(y=(1.0, 2.0, 4.0)) and drawn() != drawn(low=0.6)
