"""What does a family of networks define? Its rung, its name, its cost, and how it is built.

Everything that only one family knows is in its subclass of ``Network``. Plans, training, sampling,
figures and laws use the base class and never ask which family they handle.
"""

import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from scaling.study.costs.layers import Layer
from scaling.study.specs.identity import Spec, identity

if TYPE_CHECKING:
    from torch import Tensor, nn

    from scaling.models.weights import Format
    from scaling.study.specs.weights import WeightsSpec

MOST_PIXELS = 16_384  # per image side
MOST_FRAMES = 16_384  # of a clip
# What fields of families may hold; a training of more than that nobody can carry out
Side = Annotated[int, Field(gt=0, le=MOST_PIXELS)]  # pixels
Width = Annotated[int, Field(gt=0, le=2**16)]  # channels, and what divides them
Depth = Annotated[int, Field(gt=0, le=1000)]  # blocks
Multiplier = Annotated[float, Field(gt=0, le=1000)]  # of a width
LATENT_FACTOR = 8  # pixels of an image per latent pixel, each way, under Stable Diffusion's f8 VAE
PRESET_RESOLUTION = 256  # pixels per image side, of the models that most papers compare

FAMILIES: dict[str, type["Network"]] = {}  # family -> its class; subclasses register themselves


class Network(Spec):
    """The base of every family, with the fields that any network trained on images has.

    A family is a subclass with ``family: Literal["its-name"] = "its-name"``, its own fields, and
    ``build``. The other methods have defaults. ``layers`` gives parameters, multiply-accumulates
    and memory without torch; a family without it is counted by fvcore alone.
    """

    family: str
    input_size: int = Field(gt=0, le=MOST_PIXELS)  # pixels (or latent pixels) per image side, I
    channels: int = Field(gt=0, le=4096)  # of the image or latent, C
    num_classes: int = Field(gt=0, le=10**7)
    learn_sigma: bool = True

    TITLE: ClassVar[str | None] = None  # the family's name in a legend; None: ``family``
    PRESETS: ClassVar[tuple[str, ...]] = ()  # the names that ``preset`` knows
    NAMES: ClassVar[str | None] = None  # how names are written that ``named_like`` knows
    FORMATS: ClassVar[tuple[str, ...]] = ()  # the keys of ``formats()``
    # entries of a foreign state dict by which the family is found behind wrappers' prefixes
    ANCHORS: ClassVar[tuple[str, ...]] = ()
    # fields of the diffusion that foreign weights of the family were trained by, where no file says
    # one; {}: as ``DiffusionSpec`` has them
    USUAL_BETAS: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        register(cls)

    @model_serializer(mode="wrap")
    def _with_source(self, handler: SerializerFunctionWrapHandler) -> dict:
        """The fields, plus the hash of the ``source`` if a user's file defines the family."""
        from scaling.study.families.outside.source import source_id

        source = source_id(type(self))
        return handler(self) if source is None else {**handler(self), "source": source}

    @property
    def rung(self) -> str:
        """What grows along a curve. Default: the family's own fields, as in ``width 32``."""
        own = [name for name in type(self).model_fields if name not in Network.model_fields]
        return ", ".join(f"{name} {_short(getattr(self, name))}" for name in own) or self.family

    @property
    def series(self) -> str | None:
        """Which models one curve joins, such as ``patch 2``; None if there is a single curve."""
        return None

    @property
    def name(self) -> str:
        """The name in tables and figures, including everything unusual about the network."""
        parts = [self.title, self.rung, *([self.series] if self.series else [])]
        return " ".join(dict.fromkeys(parts))

    @property
    def title(self) -> str:
        """The family's name in a legend."""
        return self.TITLE or self.family

    @property
    def slug(self) -> str:
        """The name as part of a file name."""
        return re.sub(r"[^\w.+=\[\]-]", "", self.name.replace("/", "-").replace(" ", "-"))

    @property
    def model_id(self) -> str:
        """The identity of this network: the hash of its fields."""
        return identity(self.identity_fields())

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one image without the batch dimension: (C, I, I).

        A family of clips has the frames as a dimension of its own: (C, F, H, W).
        """
        return (self.channels, self.input_size, self.input_size)

    @property
    def out_channels(self) -> int:
        """Channels of the output: twice those of the image if the network also learns sigma."""
        return self.channels * (2 if self.learn_sigma else 1)

    @property
    def condition(self) -> Literal["classes", "text", "none"]:
        """What the network is conditioned on: the class, or nothing if there is only one class.

        A label is the index of a caption where it is text.
        """
        return "classes" if self.num_classes > 1 else "none"

    def check_condition(self) -> None:
        """ValueError where what the network is conditioned on is not there, such as captions."""

    def null(self, y: "Tensor") -> "Tensor":
        """The label that means "no class given", in the shape of ``y`` (B,)."""
        return y.new_full(y.shape, self.num_classes)

    def layers(self) -> Sequence[Layer] | None:
        """The layers as data; None if the family gives none and fvcore alone counts it."""
        return None

    def counted(self) -> tuple[int, int]:
        """Trainable parameters, and fvcore's multiply-accumulates of one forward pass on one image.

        For families that give no ``layers``. Imports torch.
        """
        from scaling.models.counting.count import checked_count, trainable_params

        macs = checked_count(self).macs
        return trainable_params(self), macs

    def build(self) -> "nn.Module":
        """The network, newly initialised from torch's global generator.

        ``forward(x, t, y)``: x (B, C, I, I), t (B,) times of the process, y (B,) labels in
        0..num_classes, of which the last means "no label"; returns (B, out_channels, I, I).
        """
        raise ValueError(
            f"family {self.family!r} has no build(self); it must return a torch.nn.Module"
        )

    def units(self, network: "nn.Module") -> list["nn.Module"]:
        """The modules that FSDP shards, and that activation checkpointing recomputes, one by one.

        Default: the items of the network's own ModuleLists and Sequentials.
        """
        from torch import nn

        groups = [m for m in network.children() if isinstance(m, nn.ModuleList | nn.Sequential)]
        return [module for group in groups for module in group]

    def formats(self) -> "dict[str, Format]":
        """The formats in which the weights can be written for other programs, by name."""
        return {}

    def fixed_tensors(self) -> "dict[str, Tensor]":
        """Entries of the state dict that are not trained and that checkpoints leave out."""
        return {}

    @classmethod
    def recognised(cls, state: "Mapping[str, Tensor]", declared: "WeightsSpec") -> Self | None:
        """The network that a foreign state dict belongs to, or None if the family does not know it.

        ``declared`` supplies what names and shapes cannot tell. ValueError if the names are this
        family's but the entries do not fit.
        """
        return None

    def has_null(self, state: "Mapping[str, Tensor]") -> bool:
        """Whether the foreign state dict that was ``recognised`` knows a label for "no class"."""
        return True

    def assumed(self) -> list[str]:
        """What is taken for granted of a foreign state dict that was ``recognised``, in words."""
        return []

    def adopted(
        self, state: "Mapping[str, Tensor]", declared: "WeightsSpec"
    ) -> "dict[str, Tensor]":
        """The foreign state dict that was ``recognised``, in our names and conventions.

        ValueError for a convention that the family cannot turn into ours.
        """
        if declared.objective == "sit":
            raise ValueError(
                f"--objective sit: only weights of DiT's form are SiT's, not those of {self.name}"
            )
        return dict(state)

    @classmethod
    def preset(cls, name: str, resolution: int = 256, **fields) -> Self:
        """A model of the family by its published name. ValueError for an unknown name."""
        known = ", ".join(cls.PRESETS) or "none"
        raise ValueError(f"unknown model {name!r}; presets of this family: {known}")

    @classmethod
    def preset_resolution(cls, name: str) -> int:
        """Pixels per image side of the preset ``name``, where nobody says another resolution."""
        return PRESET_RESOLUTION

    def named_like(self, name: str) -> Self | None:
        """The network of this family that ``name`` means, all else as in this one.

        For names that no trial of a plan has. None where the family has no such name.
        ValidationError for one that cannot be.
        """
        return None

    def kin(self, planned: "Sequence[Network]") -> list[str]:
        """The names of further models that could be trained beside this one and ``planned``."""
        return []

    def completed_among(self, planned: "Sequence[Network]") -> Self:
        """This network with what its name leaves out as ``planned`` models of its shape have it."""
        return self

    @property
    def unnamed(self) -> str:
        """In words, what a trial's name leaves out and tells such networks apart."""
        return self.name

    def debug_twin(self, channels: int, num_classes: int) -> Self:
        """A small network of the same kind, for running a study through every stage in seconds."""
        return self.replaced(channels=channels, num_classes=num_classes)

    def replaced(self, **fields) -> Self:
        """This network with other ``fields``, validated like any spec."""
        return type(self)(**{**dict(self), **fields})


def frames_of(network: Network) -> int:
    """Frames of one clip that ``network`` takes; 1 where it takes images."""
    return math.prod(network.input_shape[1:-2])


def family_of(cls: type[Network]) -> str | None:
    """The family name that ``cls`` declares; None for a base class that declares none."""
    names = get_args(cls.model_fields["family"].annotation)
    return names[0] if len(names) == 1 else None


def register(cls: type[Network]) -> None:
    """Enter ``cls`` in FAMILIES. TypeError if one of the suite's own families has the name, or
    another class of the same file.
    """
    family = family_of(cls)
    if family is None:
        return
    before = FAMILIES.get(family)
    if before is not None and (before.__module__.startswith("scaling.") or _beside(before, cls)):
        raise TypeError(
            f"family {family!r} of {cls.__module__}.{cls.__name__} is taken by "
            f"{before.__module__}.{before.__name__}; choose another name"
        )
    FAMILIES[family] = cls


def _beside(before: type[Network], cls: type[Network]) -> bool:
    """Whether the file that defines ``cls`` defines ``before``, too, as another class. Of a file
    that is executed again, the classes of the first time are not in it any more.
    """
    module = sys.modules.get(cls.__module__)
    return before.__name__ != cls.__name__ and getattr(module, before.__name__, None) is before


def _short(value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
