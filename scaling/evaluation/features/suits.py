"""Do an extractor's features say anything about these images?"""

from collections.abc import Callable

import torch

from scaling.evaluation.features.extractors import extractor_of
from scaling.evaluation.images.real_images import RealImages
from scaling.study.specs.usual_features import PHOTOGRAPHS, usual_features

LOOKED_AT = 16  # images, evenly spaced
COLOUR = 4.0  # levels of 255 between two channels, as an image's mean; a grey JPEG has fewer
OF_THEIR_OWN = ("folder", "latents", "clips")  # sources whose images a name alone does not tell


def check_suits(
    extractor: str, images: Callable[[], RealImages], source: str | None = None
) -> None:
    """ValueError, in one line, for a ``misfit``."""
    if why := misfit(extractor, images, source):
        raise ValueError(why)


def misfit(
    extractor: str, images: Callable[[], RealImages], source: str | None = None
) -> str | None:
    """Why features that know one kind of grey image do not suit these; None where they do.

    ``images`` gives those to compare with. ``source`` is the data's, None for someone's folder or
    file.
    """
    of = extractor_of(extractor)
    if of.knows is None or source in of.sources:
        return None
    real = images()
    known = source is not None and source not in OF_THEIR_OWN
    if not known and not _coloured(real):
        return None
    what = f"{source} has none of them" if known else f"the images of {real.name} are in colour"
    usual = usual_features(source) if known else PHOTOGRAPHS
    return (
        f"features {extractor!r} know {of.knows} alone, and {what}: their distances mean nothing; "
        f"leave features out, which is {usual} here, or set them to efficientnet-lite0"
    )


def _coloured(real: RealImages) -> bool:
    rows = torch.linspace(0, real.count - 1, min(LOOKED_AT, real.count)).long()
    images = real.read(rows).float()  # (n, C, H, W), or of clips (n, C, F, H, W)
    spread = images.amax(1) - images.amin(1)
    return bool((spread.flatten(1).mean(1) > COLOUR).any())
