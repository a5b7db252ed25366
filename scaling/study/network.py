"""What does a family of networks tell the rest? Its rung, its series, its name, how it is built."""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from scaling.study.identity import Spec, identity

if TYPE_CHECKING:
    from torch import nn


class Network(Spec):
    """The base of every family: what any network that is trained on images has.

    A family is a subclass with ``family: Literal["its-name"] = "its-name"`` and fields of its own.
    """

    family: str
    input_size: int = Field(gt=0)  # pixels (or latent pixels) per image side, I
    channels: int = Field(gt=0)  # of the image or latent, C
    num_classes: int = Field(gt=0)
    learn_sigma: bool = True

    FAMILY_TITLE: ClassVar[str | None] = None  # as a legend writes it; default: the family's name

    @property
    def name(self) -> str:
        """As tables and figures write it, with all that is unusual about it."""
        raise NotImplementedError

    @property
    def rung(self) -> str:
        """What grows along a curve: the size."""
        return self.name

    @property
    def series(self) -> str | None:
        """What a curve joins, such as ``patch 2``; None where the family has one curve."""
        return None

    @property
    def model_id(self) -> str:
        """The identity of this network among all: the hash of its fields."""
        return identity(self.identity_fields())

    def build(self) -> "nn.Module":
        """The network, newly initialised: ``forward(x, t, y)``."""
        raise NotImplementedError
