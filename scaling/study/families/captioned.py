"""What do networks share that read their condition as a sequence? Of text, or learned per class.

The base class of the families ``sd3`` and ``pixart``. A label y is the index of a caption (text) or
of a class; the last one, ``num_classes``, is the empty caption or "no class". Not a family itself.
"""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import model_validator

from scaling.study.costs.layers import Embedding, Layer
from scaling.study.network import Network, Width
from scaling.study.specs.identity import Text

if TYPE_CHECKING:
    from torch import nn

LEARNED = (
    "labels.safetensors has a row of each class: text_tokens x text_width numbers for\n"
    "encoder_hidden_states, then those of pooled_projections where the network reads them"
)
Conditioning = Literal["classes", "text"]


class Captioned(Network):
    """The fields of a condition that is ``text_tokens`` vectors of ``text_width`` numbers.

    Of ``classes``, a learned sequence each. Of ``text``, what the frozen ``encoder`` makes of the
    caption of each label: a folder or hub id for transformers, or a name in ``ENCODERS`` of
    ``scaling.models.networks.captions``. Every caption is embedded once and then read from a cache.
    """

    FORMATS: ClassVar[tuple[str, ...]] = ("diffusers",)

    conditioning: Conditioning = "classes"
    text_tokens: Width
    text_width: Width
    captions: tuple[str, ...] = ()  # of label 0, 1, ...; empty where classes are learned
    encoder: Text | None = None

    @model_validator(mode="after")
    def _check_condition(self) -> Self:
        if self.conditioning == "classes" and (self.captions or self.encoder):
            raise ValueError(
                "captions and an encoder are of conditioning 'text', but it is 'classes'; set "
                "model.conditioning=text, or leave them out"
            )
        if self.captions and len(self.captions) != self.num_classes:
            raise ValueError(
                f"{len(self.captions)} captions for {self.num_classes} labels; give one for each"
            )
        return self

    @property
    def condition(self) -> Literal["classes", "text", "none"]:
        return "text" if self.conditioning == "text" else super().condition

    def check_condition(self) -> None:
        """ValueError where text is asked for, and captions or their encoder are not there.

        It embeds the captions, so that training finds them in the cache.
        """
        if self.conditioning != "text":
            return
        if not self.captions or self.encoder is None:
            raise ValueError(
                f"{self.name} is conditioned on text, but its study gives no "
                f"{'encoder' if self.captions else 'captions'}; set model.captions and "
                "model.encoder, or model.conditioning=classes"
            )
        from scaling.models.networks.captions import embedded

        embedded(self)

    def _told(self) -> str:
        """What the name says of the condition: nothing of learned classes."""
        return " [text]" if self.conditioning == "text" else ""

    def condition_layers(self, pooled: int = 0) -> tuple[Layer, ...]:
        """A learned sequence, and ``pooled`` numbers, for each class and for "none".

        The embeddings of captions are frozen, and kept where images are.
        """
        if self.conditioning == "text":
            return ()
        return (Embedding(self.num_classes + 1, self.text_tokens * self.text_width + pooled),)

    def debug_twin(self, channels: int, num_classes: int) -> Self:
        classes = {"conditioning": "classes", "captions": (), "encoder": None}
        small = {**self._debug_fields(), "text_tokens": 4, "text_width": 8, **classes}
        return self.replaced(**small, channels=channels, num_classes=num_classes)

    @classmethod
    def of_pipeline(cls, config: Mapping, folder: Path, captions: tuple[str, ...]) -> Self:
        """The network of a pipeline of diffusers in ``folder`` with this ``config``, whose labels
        are ``captions`` as the pipeline's own encoder reads them.

        ValueError for a network that the family does not hold, KeyError for what a config lacks.
        """
        raise ValueError(f"pipelines of {cls.TITLE} are not read")

    @property
    def anchor(self) -> str:
        """A name by which diffusers' weights of the network are found behind wrappers' prefixes."""
        return "pos_embed.proj.weight"

    @abstractmethod
    def _debug_fields(self) -> dict:
        """The fields of a small network that only the family has."""

    def formats(self) -> dict:
        from scaling.models.formats.diffusers_networks import diffusers_format

        learned = self.conditioning == "classes"
        return {"diffusers": diffusers_format("transformer", LEARNED if learned else "")}

    def units(self, network: "nn.Module") -> list["nn.Module"]:
        return list(network.transformer.transformer_blocks)
