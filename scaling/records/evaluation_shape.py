"""What does the file of an evaluation hold? What a checkpoint measured under which protocol."""

from typing import Annotated, Any, NotRequired

from pydantic import Field, with_config
from typing_extensions import TypedDict

from scaling.records.parsed import STRICT, Shape, Version, Whole, held_to
from scaling.records.shapes import AGAIN, SCHEMA, Provenance, Time
from scaling.study.planning.plan import Identity
from scaling.study.specs.ema import Ema
from scaling.study.specs.measured import METRIC_NAMES
from scaling.study.specs.protocol import Protocol


def _metric(name: str) -> None:
    if name not in METRIC_NAMES:
        raise ValueError(f"is no metric; those are {', '.join(METRIC_NAMES)}")


@with_config(STRICT)
class FeatureSpace(TypedDict):
    """What one feature space adds to an FDr."""

    features: str
    fd: float  # of the samples against the reference
    se: float | None  # over other samples of the same model
    real: float  # of the data's other set of images against the reference
    real_se: float | None  # over other images of that set
    ratio: float


@with_config(STRICT)
class Figure(TypedDict):
    """One value of an evaluation."""

    metric: Annotated[str, held_to(_metric)]
    value: float | None
    reference: str
    features: NotRequired[str | None]
    samples: NotRequired[Whole | None]
    std: NotRequired[float | None]
    se: NotRequired[float | None]
    why: NotRequired[str | None]
    warning: NotRequired[str | None]
    weights: NotRequired[str | None]
    label: NotRequired[str]
    noise: NotRequired[float | None]  # the value of noise images
    parts: NotRequired[list[FeatureSpace]]  # of fdr
    reference_images: NotRequired[Whole | None]


@with_config(STRICT)
class Memorisation(TypedDict):
    """How near samples are to training and held-out images."""

    nearer_to_train: NotRequired[float | None]
    copies: NotRequired[float | None]
    images: NotRequired[Whole | None]
    to_train: NotRequired[float | None]
    to_heldout: NotRequired[float | None]


@with_config(STRICT)
class Tokenizer(TypedDict):
    """The autoencoder between a model and its images."""

    name: str  # what made the latents
    factor: Annotated[int, Field(ge=1, lt=2**31)]  # pixels per latent pixel, each way
    channels: Annotated[int, Field(ge=1, lt=2**31)]
    decoder: str  # what made the images of the samples
    decoder_gmacs: Annotated[float, Field(ge=0)]  # 1e9 multiply-accumulates an image


@with_config(STRICT)
class Evaluation(TypedDict):
    """``evaluations/ID.json``: what one checkpoint measured."""

    schema_version: NotRequired[Version]
    eval_id: Identity
    train_id: Identity
    step: Whole
    images: Whole
    ema: Annotated[dict[str, Any], held_to(Ema.model_validate)]
    protocol: Annotated[dict[str, Any], held_to(Protocol.model_validate)]
    heldout_loss: float | None
    heldout_mse: float | None
    heldout_bins: NotRequired[list[float | None] | None]
    figures: list[Figure]
    memorisation: NotRequired[Memorisation | None]
    tokenizer: NotRequired[Tokenizer]
    nonfinite_samples: NotRequired[Whole]
    wall_s: float
    lost_s: NotRequired[float]  # that attempts before this one took
    helped_s: NotRequired[float]  # that other processes drew samples beside it
    devices: NotRequired[float]  # GPUs, or workers on CPUs, of each of these processes
    measured: Time
    provenance: NotRequired[Provenance]


EVALUATION: Shape[Evaluation] = Shape(Evaluation, AGAIN, SCHEMA)
