"""What do the JSON files of a latent store hold? A shape for each."""

from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from scaling.records.parsed import STRICT, Digest, Shape, Whole, held_to

FORMAT = 1
SPLITS = ("train", "heldout")
AGAIN = "`scaling encode ... --resume` makes it again"
Positive = Annotated[int, Field(ge=1, lt=2**31)]
# C, h, w of an image; C, F, h, w of a clip
LatentShape = Annotated[list[Positive], Field(min_length=3, max_length=4)]


@with_config(STRICT)
class SkippedImage(TypedDict):
    path: str
    why: str


@with_config(STRICT)
class Sums(TypedDict):
    """The SHA-256 of a shard's two files."""

    npy: Digest
    parquet: Digest


@with_config(STRICT)
class Shard(TypedDict):
    """``shard-N.json``."""

    images: Whole
    skipped: list[SkippedImage]
    sha256: Sums


@with_config(STRICT)
class ShardSums(TypedDict):
    """A shard as ``store.json`` lists it."""

    images: Whole
    sha256: Sums


@with_config(STRICT)
class Vae(TypedDict):
    """The autoencoder, and how a model's latents are scaled."""

    name: str
    identity: str
    scaling_factor: float
    shift_factor: float
    latents_mean: NotRequired[list[float]]  # of each channel
    latents_std: NotRequired[list[float]]
    deterministic: NotRequired[bool]  # the encoder gives no posterior: its means alone are stored


def _splits(shards: dict) -> None:
    if lacking := [split for split in SPLITS if split not in shards]:
        raise ValueError(f"{lacking[0]} is missing")


@with_config(STRICT)
class Store(TypedDict):
    """``store.json``: what the latents are of, and their shards."""

    format: Whole
    size: Positive
    shape: LatentShape
    frames: NotRequired[Positive]  # of each, where they are of clips
    width: NotRequired[Positive]  # pixels per row, where they are not as many as size
    vae: Vae
    classes: list[str]
    upscale: bool
    content: str
    encoded_from: str | None
    images_of: NotRequired[str]  # a data set of the suite, where there was no folder
    shards: Annotated[dict[str, list[ShardSums]], held_to(_splits)]


@with_config(STRICT)
class Encoding(TypedDict):
    """``encoding.json``: what was asked for when the store was begun."""

    size: Positive
    shape: LatentShape
    frames: NotRequired[Positive]
    width: NotRequired[Positive]
    vae: Vae
    upscale: bool
    classes: list[str]
    shard_images: Positive
    images: dict[str, Any]  # split -> the identity of its listing


STORE_SHAPE: Shape[Store] = Shape(
    Store, "encode into another --out, or take the file as it was written", FORMAT, "format"
)
SHARD: Shape[Shard] = Shape(Shard, AGAIN)
ENCODING_SHAPE: Shape[Encoding] = Shape(
    Encoding, "encode into another --out, or take the file as it was written"
)
