"""How do names of a DiT say what is unusual in it? Words for the fields that came after the paper.

The fields come from JiT (arXiv 2511.13720), LightningDiT (2501.01423) and the wide head of DDT
(2504.05741), as RAE uses it (2510.11690).
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from scaling.study.families.dit.spec import ModelSpec

NormKind = Literal["layer", "rms"]  # rms: with a trained scale
Positions = Literal["sincos", "rope", "sincos+rope"]
MlpKind = Literal["gelu", "swiglu"]

# field -> its value in the paper's DiT, of those that a name tells
PAPER: dict[str, Any] = {
    "patch_t": 1,
    "norm": "layer",
    "qk_norm": False,
    "positions": "sincos",
    "mlp": "gelu",
    "class_tokens": 0,
    "class_tokens_from": 0,
    "bottleneck": None,
    "head_depth": None,
    "head_width": None,
    "head_heads": None,
}
HEAD = ("head_depth", "head_width", "head_heads")
# field -> its value for a square image: what is learned from, which names leave out
IMAGE: dict[str, Any] = {"frames": 1, "input_width": None}
THIRD_POSITION = 16  # a clip's positions have a quarter of the width for time, both in pairs


class Word(NamedTuple):
    """A word of a name: when it is said, how, and how it is read."""

    say: Callable[["ModelSpec"], str | None]
    pattern: str
    read: Callable[[re.Match], dict[str, Any]]
    # what a curve's name keeps of the word: the rest may grow with the model
    series: Callable[["ModelSpec"], str | None]


def _choice(field: str, value: Any, word: str) -> Word:
    def say(m: "ModelSpec") -> str | None:
        return word if getattr(m, field) == value else None

    return Word(say, re.escape(word), lambda match: {field: value}, say)


WORDS: tuple[Word, ...] = (
    Word(
        lambda m: f"t{m.patch_t}" if m.patch_t != PAPER["patch_t"] else None,
        r"t([1-9]\d*)",
        lambda match: {"patch_t": int(match[1])},
        lambda m: f"t{m.patch_t}" if m.patch_t != PAPER["patch_t"] else None,
    ),
    _choice("norm", "rms", "rms"),
    _choice("qk_norm", True, "qk-norm"),
    _choice("positions", "rope", "rope"),
    _choice("positions", "sincos+rope", "sincos+rope"),
    _choice("mlp", "swiglu", "swiglu"),
    Word(
        lambda m: f"cls{m.class_tokens}@{m.class_tokens_from}" if m.class_tokens else None,
        r"cls(\d+)@(\d+)",
        lambda match: {"class_tokens": int(match[1]), "class_tokens_from": int(match[2])},
        lambda m: f"cls{m.class_tokens}" if m.class_tokens else None,
    ),
    Word(
        lambda m: f"bottleneck{m.bottleneck}" if m.bottleneck else None,
        r"bottleneck(\d+)",
        lambda match: {"bottleneck": int(match[1])},
        lambda m: "bottleneck" if m.bottleneck else None,
    ),
    Word(
        lambda m: f"head-d{m.head_depth}w{m.head_width}" if m.head_depth else None,
        r"head-d(\d+)w(\d+)",
        # a name does not tell heads: they alter neither parameters nor MACs
        lambda match: dict(zip(HEAD, (int(match[1]), int(match[2]), 1))),
        lambda m: "head" if m.head_depth else None,
    ),
)


def words(m: "ModelSpec") -> list[str]:
    """What is unusual in ``m``, in a fixed order; none for the paper's DiT."""
    return [said for word in WORDS if (said := word.say(m))]


def series_words(m: "ModelSpec") -> list[str]:
    """What is unusual, without the sizes that may grow along a curve."""
    return [said for word in WORDS if (said := word.series(m))]


def rung_words(m: "ModelSpec") -> list[str]:
    """The words whose sizes may grow along a curve."""
    return [said for word in WORDS if (said := word.say(m)) and said != word.series(m)]


def fields_of(said: str) -> dict[str, Any] | None:
    """The fields that the words of a name mean, all others the paper's; None for another word."""
    fields = dict(PAPER)
    for part in said.split():
        for word in WORDS:
            if match := re.fullmatch(word.pattern, part):
                fields |= word.read(match)
                break
        else:
            return None
    return fields


def is_papers(m: "ModelSpec") -> bool:
    """Whether ``m`` is a DiT as the paper has it, in all that other codes can read."""
    return not words(m) and all(getattr(m, name) == value for name, value in IMAGE.items())


def axis_channels(channels: int, steps: int) -> tuple[int, int, int]:
    """How many of a head's ``channels`` turn with time, row and column of ``steps`` in time.

    Of an image, of one step, none with time and half with each other. Of a clip a third with row
    and column each, rounded down to pairs, and the rest with time (Wan, arXiv 2503.20314, as in
    diffusers' ``WanRotaryPosEmbed``).
    """
    space = channels // 2 if steps == 1 else 2 * (channels // 6)
    return channels - 2 * space, space, space


def faults(m: "ModelSpec") -> list[str]:
    """What cannot be, one clause each."""
    clauses = []
    given = [name for name in HEAD if getattr(m, name) is not None]
    if given and len(given) < len(HEAD):
        missing = [f"model.{name}" for name in HEAD if name not in given]
        clauses.append(f"a wide head needs depth, width and heads; set {', '.join(missing)} too")
    if len(given) == len(HEAD) and m.head_width % m.head_heads:
        clauses.append(f"head_heads {m.head_heads} do not divide the head_width {m.head_width}")
    clip = m.grid[0] > 1
    if clip and "sincos" in m.positions:
        clauses += [
            f"{name} {width} is not a multiple of {THIRD_POSITION}, as the 3-D sine-cosine "
            "positions of a clip need"
            for name, width in (("width", m.width), ("head_width", m.head_width or 0))
            if width % THIRD_POSITION
        ]
    if "rope" in m.positions:
        shapes = [("heads", m.width, m.heads)]
        shapes += [("head_heads", m.head_width, m.head_heads)] if len(given) == len(HEAD) else []
        needs = "an even number of at least 6, as 3-D" if clip else "a multiple of 4, as 2-D"
        clauses += [
            f"{name} {heads} of width {width} have {width / heads:g} channels each, not {needs} "
            "rotary positions need"
            for name, width, heads in shapes
            if width % (2 * heads if clip else 4 * heads) or (clip and width < 6 * heads)
        ]
    if m.class_tokens_from and not m.class_tokens:
        clauses.append(
            f"class_tokens_from {m.class_tokens_from} without class tokens; set model.class_tokens "
            "or leave it at 0"
        )
    if m.class_tokens_from >= m.depth and m.class_tokens:
        clauses.append(
            f"class_tokens_from {m.class_tokens_from} is not a block of a depth of {m.depth}; set "
            f"it to 0 .. {m.depth - 1}"
        )
    if not m.design.adaptive:
        both = [("class_tokens", m.class_tokens), ("a wide head", given)]
        clauses += [
            f"{what} cannot be with conditioning {m.conditioning!r}, which gives blocks tokens and "
            "no modulation; set model.conditioning to adaln-zero or adaln"
            for what, asked in both
            if asked
        ]
    return clauses
