"""How does ``scaling count`` print what was counted? As tables for people, or as JSON."""

import json
import re
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console, Group
from rich.table import Table

from scaling.models.counting.count_rows import Row, counted
from scaling.study.costs import cost

GIB = 2**30
_ANY_WIDTH = 10_000  # characters, more than any table needs


def as_json(rows: Sequence[Row], by_module: bool = False) -> str:
    """A JSON list, one object per model."""
    return json.dumps([row.as_json(by_module) for row in rows], indent=2)


def as_text(
    rows: Sequence[Row], batch: int = 32, by_module: bool = False, width: int | None = None
) -> str:
    """Tables for people: counts, and the memory to train with ``batch`` images.

    ``by_module`` adds a table of each model's parts. ``width`` is in characters; None uses as many
    as the tables need. A table whose numbers do not fit into ``width`` is wider: words are wrapped,
    but a number is never cut.
    """
    parts = [
        _text(_counts(rows), width),
        _NOTE_ON_COUNTS,
        _text(_memory(rows, batch), width),
        _NOTE_ON_MEMORY.format(batch=batch),
    ]
    if by_module:
        parts += [_text(_by_module(row), width) for row in rows]
    return "\n\n".join(parts)


_NOTE_ON_COUNTS = """\
GMACs are the DiT paper's "Gflops": matrix products and convolutions, with a
multiply-accumulate counted once, norms and elementwise work as zero. GFLOPs are
twice that, and training takes three forwards. Parameters are trainable ones."""
_NOTE_ON_MEMORY = """\
GiB to train with {batch} images on one device: fp32, AdamW, one EMA. Activations are
freed as gradients come, so the peak counts the larger of the two."""


def _counts(rows: Sequence[Row]) -> Table:
    table = _table(
        "model",
        "params\nM",
        "paper",
        "tokens",
        "forward\nGMACs",
        "paper",
        "differs\n%",
        "forward\nGFLOPs",
        "training\nGFLOPs\nper image",
    )
    for row in rows:
        paper = row.published
        table.add_row(
            row.title,
            f"{row.params_m:.2f}",
            str(paper.params_m) if paper and paper.params_m else "",
            str(row.tokens) if row.tokens else "",
            f"{row.gmacs:.4g}" if row.gmacs < 1 else f"{row.gmacs:.3f}",
            f"{paper.gmacs:.2f}" if paper and paper.gmacs else "",
            f"{100 * (row.gmacs / paper.gmacs - 1):+.2f}" if paper and paper.gmacs else "",
            f"{cost.FLOPS_PER_MAC * row.gmacs:.3f}",
            f"{row.train_flops_per_image / 1e9:.2f}",
        )
    return table


def _memory(rows: Sequence[Row], batch: int) -> Table:
    table = _table("model", "weights", "gradients", "optimiser", "EMA", "activations", "peak")
    for row in rows:
        memory = row.memory(batch)
        table.add_row(row.title, *(f"{n / GIB:.2f}" for n in (*memory, memory.peak)))
    return table


def _by_module(row: Row) -> Table:
    """The embedders, the parts of the first block, all blocks together, the head, and the total."""
    gmacs = {name: macs / 1e9 for name, macs in row.counted.by_module.items() if macs}
    shown = {n: g for n, g in gmacs.items() if n and ("." not in n or n.startswith("blocks.0"))}
    blocks = [g for name, g in gmacs.items() if re.fullmatch(r"blocks\.\d+", name)]
    if blocks:
        shown["blocks"] = sum(blocks)
    table = _table(f"{row.spec.name} at {row.resolution} px", "GMACs", "%")
    for name, part in {**shown, "total": row.gmacs}.items():
        table.add_row(name, f"{part:.4f}", f"{100 * part / row.gmacs:.2f}")
    return table


def _table(*columns: str) -> Table:
    """A table whose first column holds names, which may wrap, and whose others hold numbers."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column(columns[0])
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _text(table: Table, width: int | None) -> str:
    console = Console(width=_ANY_WIDTH, color_system=None, highlight=False)
    names = table.columns[0]
    names.min_width = max(len(word) for cell in names.cells for word in str(cell).split())
    natural = console.measure(table).maximum
    wrapped = natural - console.measure(Group(*names.cells)).maximum + names.min_width
    with console.capture() as printed:
        console.print(table, width=max(wrapped, min(natural, width or natural)))
    return "\n".join(line.rstrip() for line in printed.get().splitlines())


def count_models(
    models: Sequence[str] = (),
    *,
    resolution: int | None = None,
    batch: int = 32,
    json: bool = False,
    by_module: bool = False,
    width: int | None = None,
    **chosen: Any,
) -> str:
    """The text of ``scaling count [MODEL ...]``, with tables at most ``width`` characters wide.

    ``chosen`` are fields of the networks. ValueError names what was wrong with an argument.
    """
    if batch < 1:
        raise ValueError(f"batch {batch} is not at least 1")
    rows = counted(models, resolution, **chosen)
    return as_json(rows, by_module) if json else as_text(rows, batch, by_module, width)
