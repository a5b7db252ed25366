"""Which models does ``scaling count`` count, and what is known of each beside the count?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from scaling.models.counting.count import Count, count, trainable_params
from scaling.study.costs import cost
from scaling.study.costs.memory import TrainingMemory, training_memory
from scaling.study.costs.published import Published, published, published_for
from scaling.study.families import named_network, preset_resolution
from scaling.study.families.dit.presets import PAPERS
from scaling.study.network import Network, frames_of
from scaling.study.settings import explain


@dataclass(frozen=True)
class Row:
    """One model, counted."""

    model: str  # the preset's name
    resolution: int  # pixels per image side
    spec: Network
    counted: Count
    params: int  # trainable
    published: Published | None

    @property
    def title(self) -> str:
        conditioning = f" {self.conditioning}" if self.conditioning else ""
        frames = f" {self.frames} frames" if self.frames > 1 else ""
        return f"{self.model} {self.resolution} px{frames}{self._spans}{conditioning}"

    @property
    def _spans(self) -> str:
        spanned = getattr(self.spec, "patch_t", 1)
        return f", {spanned} a token" if spanned > 1 else ""

    @property
    def frames(self) -> int:
        """Frames of the clip that a forward pass is on; 1 of an image."""
        return frames_of(self.spec)

    @property
    def conditioning(self) -> str | None:
        """How the network receives the timestep and the class, where its family has a choice."""
        return getattr(self.spec, "conditioning", None)

    @property
    def tokens(self) -> int | None:
        """Tokens per image; None for families without tokens."""
        return getattr(self.spec, "tokens", None)

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
        """Values that were not published are null; ``frames`` is there of clips alone.

        ``by_module`` adds the GMACs of each module that has any, by its dotted name.
        """
        data = {
            "model": self.model,
            "resolution": self.resolution,
            "conditioning": self.conditioning,
            "params_m": self.params_m,
            "tokens": self.tokens,
            "forward_gmacs": self.gmacs,
            "forward_gflops": cost.FLOPS_PER_MAC * self.gmacs,
            "published_gmacs": self.published.gmacs if self.published else None,
            "published_params_m": self.published.params_m if self.published else None,
        }
        if self.frames > 1:  # of one frame it is an image, and the object what it always was
            data["frames"] = self.frames
        if by_module:
            data["gmacs_by_module"] = {
                name: macs / 1e9 for name, macs in self.counted.by_module.items() if macs
            }
        return data


def selected(
    models: Sequence[str] = (), resolution: int | None = None, **chosen: Any
) -> list[tuple[str, int, Network]]:
    """The models to count: those named, or the paper's 12, or without any argument its 16 rows.

    ``chosen`` are fields of the networks, such as ``conditioning``; None is as published.
    ValueError, in one line, for a name, resolution or field that does not exist.
    """
    chosen = {field: value for field, value in chosen.items() if value is not None}
    if not models and resolution is None and not chosen:
        return [(row.model, row.resolution, row.spec) for row in published()]
    try:
        return [
            (
                name,
                preset_resolution(name) if resolution is None else resolution,
                _asked(name, resolution, chosen),
            )
            for name in models or PAPERS
        ]
    except ValidationError as error:
        raise ValueError(explain(error)) from None


def _asked(name: str, resolution: int | None, chosen: dict[str, Any]) -> Network:
    if not chosen:
        return named_network(name, resolution)
    known = type(named_network(name, resolution)).model_fields
    for field, value in chosen.items():
        if field not in known:
            raise ValueError(f"{name} has no choice of {field}; leave out {value!r}")
    return named_network(name, resolution, **chosen)


def counted(models: Sequence[str] = (), resolution: int | None = None, **chosen: Any) -> list[Row]:
    """The rows of ``scaling count``, each counted by fvcore on the meta device."""
    return [
        Row(name, pixels, spec, count(spec), trainable_params(spec), published_for(spec))
        for name, pixels, spec in selected(models, resolution, **chosen)
    ]
