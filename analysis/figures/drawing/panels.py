"""What do all figures share? Panels, legends, dashes, and the notes below."""

import textwrap
from dataclasses import dataclass

import polars as pl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures.drawing.notes import range_text
from analysis.figures.drawing.style import GREY, hues, legend, shapes
from analysis.select.curves import curve_labels, curve_order, rung_order
from analysis.select.recipes import recipe_column, recipes_of

GFLOPS = "Gflops of one forward pass (10⁹ multiply-accumulates)"
COLUMNS = 3  # panels side by side
# of protocols
DASHES = (
    "-",
    "--",
    ":",
    "-.",
    (0, (9, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (1, 4)),
    (0, (9, 2, 2, 2)),
)
LETTERS = 24  # of a protocol's words to a line of a legend
IN_FULL = 4  # protocols up to which a legend gives each all its words


def panels_of(
    names: list, title: str = "{}", share_x: bool = True, share_y: bool = True
) -> tuple[Figure, dict]:
    """A figure with a panel per name, in rows of COLUMNS, and the panels by name. ``title`` is a
    format of the name.
    """
    columns = 2 if len(names) == 4 else min(COLUMNS, len(names))
    lines = -(-len(names) // columns)
    figure = Figure(figsize=(9.2 if columns > 1 else 7.2, 1.5 + 2.9 * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharex=share_x, sharey=share_y, squeeze=False).ravel()
    for axes in grid[len(names) :]:
        axes.remove()
    for name, axes in zip(names, grid):
        axes.tick_params(labelbottom=True)
        axes.set_title(title.format(name), loc="left", fontsize=10)
    return figure, dict(zip(names, grid))


def side_legend(
    figure: Figure,
    head: str,
    colours: dict,
    markers: dict,
    more: dict | None = None,
    labels: dict | None = None,
) -> None:
    """A legend beside the panels: under ``head`` one marked line per key of ``colours``, then the
    groups ``more``. ``labels`` names the keys, where they are not their own labels.
    """
    lines = [
        (
            Line2D([], [], color=colours[key], marker=markers[key], markersize=6),
            labels[key] if labels else str(key),
        )
        for key in colours
    ]
    legend(figure, {head: lines, **(more or {})}, loc="outside right upper")


@dataclass(frozen=True)
class Looks:
    """How the curves and the rungs of one figure are drawn and named.

    A curve has a colour, the dearest first: the dearest is always blue. A rung has a marker, the
    least first.
    """

    colours: dict[str, tuple]  # by curve
    markers: dict[str, str]  # by rung
    head: str  # of the curves' group in a legend
    labels: dict[str, str]  # of curves under ``head``

    @classmethod
    def of(cls, rows: pl.DataFrame) -> "Looks":
        """The looks of ``rows``, which have the column ``curve``."""
        head, labels = curve_labels(rows)
        curves = [*reversed(curve_order(rows))]
        return cls(hues(curves), shapes(rung_order(rows)), head, labels)

    def legend(self) -> dict[str, list]:
        """Entries of a legend: a line per curve, a marker per rung."""
        lines = [
            (Line2D([], [], color=colour, linewidth=2.5), self.labels[curve])
            for curve, colour in self.colours.items()
        ]
        markers = [
            (Line2D([], [], color=GREY, marker=marker, linestyle="none", markersize=7), rung)
            for rung, marker in self.markers.items()
        ]
        return {self.head: lines, "Size": markers}


def kinds_of(
    rows: pl.DataFrame, protocols: dict[str, str]
) -> tuple[pl.DataFrame, dict[str, str], str]:
    """Which rows have a line of their own: those of each of ``protocols`` and each recipe, and at
    one rung of one curve those of each batch, number of heads, number of parameters and network.

    Returns ``rows``, which have the column ``curve``, with a column ``kind`` that says it in words;
    the kinds in the order of a legend; and the legend's head. Heads and parameters grow with the
    rung: the first kind has the fewest at each rung, the second the next, and so on.
    """
    columns, told_apart = {}, []
    for column, (head, words) in {
        "protocol": ("Protocol", protocols),
        recipe_column(rows): ("Recipe", recipes_of(rows)),
        **AT_ONE_RUNG,
    }.items():
        already = APART_ALREADY.get(column, ["curve", "rung"])
        within = [*told_apart, *(name for name in already if name in rows.columns)]
        if column not in rows.columns or len(rows.unique([*within, column])) == (
            len(rows.unique(within)) if within else 1
        ):
            continue
        values = rows[column]
        if column in AT_ONE_RUNG:
            if column in RANKED:
                values = rows.select(
                    pl.col(column).rank("dense").over(within).fill_null(0)
                ).to_series()
            words = {
                value: AT_ONE_RUNG[column][1](rows.filter(values == value))
                for value in values.unique().sort()
            }
            if len(set(words.values())) < len(words):
                words = {value: f"{text} ({value})" for value, text in words.items()}
        columns[head] = values.replace_strict(
            words, return_dtype=pl.Enum(list(dict.fromkeys(words.values())))
        )
        told_apart.append(column)
    table = pl.DataFrame(columns or {"Protocol": [""] * len(rows)}).with_columns(
        kind=pl.concat_str(pl.all().cast(pl.String), separator=", ")
    )
    kinds = table.unique(maintain_order=True).sort(pl.exclude("kind"))["kind"].to_list()
    return (
        rows.with_columns(table["kind"]),
        dict(zip(kinds, kinds)),
        ", ".join(columns).capitalize() or "Protocol",
    )


def _heads(rows: pl.DataFrame) -> str:
    return f"heads {range_text(rows['heads'], '.4g')}" if rows["heads"].count() else "no heads"


def _network(rows: pl.DataFrame) -> str:
    """What the frames added to the names of networks that would share one."""
    added = rows["model"].str.extract(r" \((.+)\)$").unique(maintain_order=True).drop_nulls()
    return " or ".join(added) if 0 < len(added) < 3 else f"{rows['model'].n_unique()} networks"


# What may differ between models of one rung and one curve: the legend's head, and the words for the
# rows that share a value. The values of those that are RANKED grow with the rung.
AT_ONE_RUNG = {
    "batch": ("Batch", lambda rows: f"{rows['batch'][0]} images"),
    "heads": ("Heads", _heads),
    "params_m": ("Parameters", lambda rows: f"{range_text(rows['params_m'], '.4g')} M parameters"),
    "model": ("Network", _network),
}
RANKED = ("heads", "params_m", "model")
# What the curves' names tell apart already, so that no dashes have to; all others: curve and rung.
APART_ALREADY = {"protocol": [], "recipe": ["family", "tokenizer"], "conditioning": ["family"]}


def dashes_of(protocols: dict[str, str]) -> dict[str, str]:
    """How the lines of each protocol are drawn."""
    return {protocol: DASHES[i % len(DASHES)] for i, protocol in enumerate(protocols)}


def protocol_legend(protocols: dict[str, str], name: str = "Protocol") -> dict[str, list]:
    """A legend's group of ``protocols``, or of what ``name`` says, told apart by dashes. Empty for
    a single one. Of more than IN_FULL, the words that all share become the group's name.
    """
    if len(protocols) < 2:
        return {}
    dashes, parts = dashes_of(protocols), [words.split(", ") for words in protocols.values()]
    labels = list(protocols.values())
    if len(protocols) > IN_FULL and len(set(map(len, parts))) == 1:
        shared = [len(set(column)) == 1 for column in zip(*parts)]
        name = ", ".join(part for part, same in zip(parts[0], shared) if same) or name
        labels = [
            ", ".join(part for part, same in zip(words, shared) if not same) for words in parts
        ]
    lines = [Line2D([], [], color=GREY, linestyle=dashes[protocol]) for protocol in protocols]
    return {_narrow(name): [*zip(lines, map(_narrow, labels))]}


def thin(lost: bool) -> dict:
    """The style of the line of one training: dotted where it was ``lost``."""
    return {"linestyle": ":", "linewidth": 1.4} if lost else {"linewidth": 0.7, "alpha": 0.4}


def _narrow(words: str) -> str:
    return textwrap.fill(words, LETTERS, break_on_hyphens=False)
