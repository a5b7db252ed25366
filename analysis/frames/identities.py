"""Which trials repeat one measurement, share a protocol, or share a recipe?"""

from scaling.records.status import optional_fields
from scaling.study import TrialSpec
from scaling.study.specs.identity import identity
from scaling.study.specs.trial import DiffusionSpec, TrainSpec

# families whose recipes were hashed before there were several; their recipes keep their hash
BEFORE_FAMILIES = frozenset({"dit"})


def cell_id(spec: TrialSpec) -> str:
    """The identity of ``spec`` without its seeds: trials of one cell are repeats of one
    measurement.
    """
    return identity(
        {
            "model": spec.model.identity_fields(),
            "data": spec.data.identity_fields(),
            "diffusion": spec.diffusion.identity_fields(),
            "steps": spec.train.steps,
            "train": spec.train.identity_fields(exclude=spec.train.NOT_IDENTITY | {"seed"}),
            "ema": spec.evaluate.ema.identity_fields(),
            "protocol": spec.evaluate.protocol.comparable,
        }
    )


def protocol_id(spec: TrialSpec) -> str:
    """The identity of how ``spec`` is measured: the protocol without its seed, and the data. Two
    values of different protocols do not belong on one axis. Where all is compared with real images,
    these count and not what the model sees of them, latents of whatever autoencoder or pixels.
    """
    protocol = spec.evaluate.protocol
    data = spec.data.images if protocol.against_images else spec.data.identity_fields()
    return identity({"protocol": protocol.comparable, "data": data})[:8]


def recipe_id(spec: TrialSpec) -> str:
    """The identity of what the trainings of one law share: family, conditioning, data, diffusion,
    average of the weights and optimiser. Left out are what a law varies: the model's shape, the
    length, learning rate, batch and seed.
    """
    family = spec.model.family
    return identity(
        {
            "conditioning": optional_fields(spec.model)["conditioning"],
            "data": spec.data.identity_fields(),
            "ema": spec.evaluate.ema.identity_fields(),
            **training_of(spec.diffusion, spec.train),
            **({} if family in BEFORE_FAMILIES else {"family": family}),
        }
    )[:8]


def training_of(diffusion: DiffusionSpec, train: TrainSpec) -> dict:
    """The part of a recipe that diffusion and optimiser decide, as JSON values."""
    varied = train.NOT_IDENTITY | {"seed", "lr", "batch", "init"}
    return {
        "diffusion": diffusion.identity_fields(),
        "train": train.identity_fields(exclude=varied),
        # that it starts from given weights; each model has its own
        **({"init": True} if train.init else {}),
    }
