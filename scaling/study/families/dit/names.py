"""Which DiT does a name mean, beside others of a study? Names leave out what they all share."""

import re
from collections.abc import Sequence

from scaling.study.families.dit.presets import SIZES
from scaling.study.families.dit.spec import ModelSpec
from scaling.study.families.dit.variant import fields_of
from scaling.study.network import Network

NAME = re.compile(
    r"DiT-(?:(?P<size>S|B|L|XL)|d(?P<depth>\d+)w(?P<width>\d+))/(?P<patch>\d+)"
    r"(?: ?\[(?P<how>[\w-]+)\])?(?: mlp (?P<ratio>\d+(?:\.\d+)?))?(?P<words>(?: [\w@+-]+)*)"
)


def named_like(example: ModelSpec, name: str) -> ModelSpec | None:
    """The DiT that ``name`` means, on the images of ``example``: ``DiT-XL/2``, ``DiT-d4w64/2``.

    None where it is not the name of a DiT. A free shape has one head, as its name does not tell
    them: they alter neither parameters nor MACs. ValidationError for a shape that cannot be.
    """
    match = NAME.fullmatch(name)
    unusual = None if match is None else fields_of(match["words"])
    if match is None or unusual is None:
        return None
    free = (int(match["depth"] or 0), int(match["width"] or 0), 1)
    depth, width, heads = SIZES[match["size"]] if match["size"] else free
    fields = {"depth": depth, "width": width, "heads": heads, "patch": int(match["patch"])}
    fields["conditioning"] = match["how"] or "adaln-zero"
    if match["ratio"]:
        fields["mlp_ratio"] = float(match["ratio"])
    return example.replaced(**fields, **unusual)


def kin(model: ModelSpec, planned: Sequence[Network]) -> list[str]:
    """The names of every size at every patch that there is among ``model`` and ``planned``.

    Where the model's size is the paper's, all four of the paper's sizes.
    """
    among = [model, *(other for other in planned if isinstance(other, ModelSpec))]
    sizes = set(SIZES) if model.size in SIZES else {other.size for other in among}
    patches = sorted({other.patch for other in among}, reverse=True)
    suffix = model.name.partition(" ")[2]
    ending = f" {suffix}" if suffix else ""
    return sorted(f"DiT-{size}/{patch}{ending}" for size in sizes for patch in patches)


def with_heads_among(model: ModelSpec, planned: Sequence[Network]) -> ModelSpec:
    """``model`` with as many heads as a DiT of its depth and width has among ``planned``."""
    for other in planned:
        if isinstance(other, ModelSpec) and _shape(other) == _shape(model):
            return model.replaced(heads=other.heads, head_heads=other.head_heads)
    return model


def _shape(model: ModelSpec) -> tuple[int | None, ...]:
    return (model.depth, model.width, model.head_depth, model.head_width)
