"""What does ``scaling count`` print? Parameters, Gflops and memory of models, beside the published
figures.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from scaling.models.count import Count, count, trainable_params
from scaling.study import cost
from scaling.study.families.dit import PRESETS
from scaling.study.memory import TrainingMemory, training_memory
from scaling.study.published import Published, published, published_for
from scaling.study.settings import explain
from scaling.study.spec import ModelSpec

GIB = 2**30


@dataclass(frozen=True)
class Row:
    """One model, counted."""

    model: str  # the preset's name
    resolution: int  # pixels per image side
    spec: ModelSpec
    counted: Count
    params: int  # trainable
    published: Published | None

    @property
    def params_m(self) -> float:
        return self.params / 1e6

    @property
    def gmacs(self) -> float:
        return self.counted.macs / 1e9

    @property
    def train_flops_per_image(self) -> float:
        return float(cost.FLOPS_PER_MAC * cost.FORWARDS_PER_STEP * self.counted.macs)

    def memory(self, batch: int) -> TrainingMemory:
        return training_memory(self.spec, batch)

    def as_json(self, by_module: bool) -> dict:
        """Figures not published are null. ``by_module`` adds GMACs per module, dotted names, those
        with any.
        """
        data = {
            "model": self.model,
            "resolution": self.resolution,
            "conditioning": self.spec.conditioning,
            "params_m": self.params_m,
            "tokens": self.spec.tokens,
            "forward_gmacs": self.gmacs,
            "forward_gflops": cost.FLOPS_PER_MAC * self.gmacs,
            "published_gmacs": self.published.gmacs if self.published else None,
            "published_params_m": self.published.params_m if self.published else None,
        }
        if by_module:
            data["gmacs_by_module"] = {
                name: macs / 1e9 for name, macs in self.counted.by_module.items() if macs
            }
        return data


def selected(
    models: Sequence[str] = (), resolution: int | None = None, conditioning: str | None = None
) -> list[tuple[str, int, ModelSpec]]:
    """Which models to count: those named, else the paper's 12, else (with no argument at all) its
    16 published rows.

    Raises ValueError, one line, for a name, resolution or conditioning that does not exist.
    """
    if not models and resolution is None and conditioning is None:
        return [(row.model, row.resolution, row.spec) for row in published()]
    resolution = 256 if resolution is None else resolution
    try:
        return [
            (
                name,
                resolution,
                ModelSpec.preset(name, resolution, conditioning=conditioning or "adaln-zero"),
            )
            for name in models or PRESETS
        ]
    except ValidationError as error:
        raise ValueError(explain(error)) from None


def counted(
    models: Sequence[str] = (), resolution: int | None = None, conditioning: str | None = None
) -> list[Row]:
    """The rows of ``scaling count``, each counted by fvcore on the meta device."""
    return [
        Row(name, pixels, spec, count(spec), trainable_params(spec), published_for(spec))
        for name, pixels, spec in selected(models, resolution, conditioning)
    ]


def as_json(rows: Sequence[Row], by_module: bool = False) -> str:
    """A JSON list, one object per model."""
    return json.dumps([row.as_json(by_module) for row in rows], indent=2)


def as_text(rows: Sequence[Row], batch: int = 32, by_module: bool = False) -> str:
    """Two tables for people, counts and memory at ``batch`` images; ``by_module`` adds one of each
    model's parts.
    """
    names = [(row.model, row.resolution, row.spec.conditioning) for row in rows]
    counts = [
        (
            "model",
            "px",
            "conditioning",
            "params M",
            "published",
            "tokens",
            "forward GMACs",
            "published",
            "differs %",
            "forward GFLOPs",
            "training GFLOPs/image",
        )
    ]
    memory = [
        (
            "model",
            "px",
            "conditioning",
            "weights",
            "gradients",
            "optimiser",
            "EMA",
            "activations",
            "peak",
        )
    ]
    for name, row in zip(names, rows, strict=True):
        p, used = row.published, row.memory(batch)
        counts.append(
            (
                *name,
                f"{row.params_m:.2f}",
                p.params_m if p else "",
                row.spec.tokens,
                f"{row.gmacs:.4g}" if row.gmacs < 1 else f"{row.gmacs:.3f}",
                f"{p.gmacs:.2f}" if p else "",
                f"{100 * (row.gmacs / p.gmacs - 1):+.2f}" if p else "",
                f"{cost.FLOPS_PER_MAC * row.gmacs:.3f}",
                f"{row.train_flops_per_image / 1e9:.2f}",
            )
        )
        memory.append((*name, *(f"{n / GIB:.2f}" for n in (*used, used.peak))))
    parts = [
        _table(counts),
        'GMACs are the DiT paper\'s "Gflops": matrix products and convolutions, a '
        "multiply-accumulate once, norms and\n"
        "elementwise work zero. GFLOPs are twice that, training three forwards. Parameters are "
        "trainable ones.",
        _table(memory),
        f"GiB to train with {batch} images on one device, fp32, AdamW, one EMA. Activations are "
        "given up as gradients\n"
        "come, so the peak counts the larger of the two.",
    ]
    if by_module:
        parts += [_by_module(row) for row in rows]
    return "\n\n".join(parts)


def _by_module(row: Row) -> str:
    """The embedders, the first block's parts, all blocks together and the head."""
    shown = {
        name: macs
        for name, macs in row.counted.by_module.items()
        if macs and (name.count(".") == 0 or name.startswith("blocks.0"))
    }
    shown["blocks"] = sum(row.counted.by_module[f"blocks.{i}"] for i in range(row.spec.depth))
    shown[""] = shown.pop("")  # the whole last
    lines = [(f"{row.spec.name} at {row.resolution} px", "GMACs", "%")]
    lines += [
        (name or "total", f"{macs / 1e9:.4f}", f"{100 * macs / row.counted.macs:.2f}")
        for name, macs in shown.items()
    ]
    return _table(lines)


def _table(rows: Sequence[Sequence]) -> str:
    """Columns as wide as they need, words to the left and numbers to the right; the first row is
    the head.
    """
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    left = [
        not any(cell[:1].isdigit() for cell in column[1:]) for column in zip(*cells, strict=True)
    ]
    lines = [
        "  ".join(
            cell.ljust(w) if words else cell.rjust(w) for cell, w, words in zip(row, widths, left)
        )
        for row in cells
    ]
    return "\n".join(
        [
            lines[0].rstrip(),
            "  ".join("-" * w for w in widths),
            *(line.rstrip() for line in lines[1:]),
        ]
    )


def run(
    models: Sequence[str] = (),
    *,
    resolution: int | None = None,
    conditioning: str | None = None,
    batch: int = 32,
    json: bool = False,
    by_module: bool = False,
) -> str:
    """The text of ``scaling count [MODEL ...]``. ValueError names what was wrong with an
    argument.
    """
    if batch < 1:
        raise ValueError(f"batch {batch} is not at least 1")
    rows = counted(models, resolution, conditioning)
    return as_json(rows, by_module) if json else as_text(rows, batch, by_module)
