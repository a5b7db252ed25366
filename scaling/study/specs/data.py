"""Which images does a trial learn from? The data source, and the options each source takes."""

from pathlib import PurePath
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from scaling.study.network import LATENT_FACTOR, MOST_FRAMES, MOST_PIXELS
from scaling.study.specs.identity import Spec, Text, refuse

Source = Literal[
    "digits",
    "mnist",
    "fashion-mnist",
    "cifar10",
    "cifar100",
    "folder",
    "latents",
    "synthetic",
    "synthetic-pixels",
    "moving-digits",
    "clips",
]

# sources whose images have one size, in pixels per side
FIXED_SIZES = {"digits": 8, "mnist": 28, "fashion-mnist": 28, "cifar10": 32, "cifar100": 32}


# the fields that some sources have alone
SPECIAL = (
    *("name", "size", "vae", "content", "upscale", "heldout_labels"),
    *("frames", "width"),
)


class DataSpec(Spec):
    """The images of a trial. Their split into training and held-out images is fixed by the source.

    The seed does not change the split. ``path`` says where the data lies on a machine and is not
    part of the identity. What the images are is: for folders and latent stores ``name``, ``size``
    and ``vae``, and also ``content`` where two data sets of the same name must be told apart.
    """

    source: Source = "digits"
    # folder of images or of archives, store or downloads; null: below $DIT_SCALING_DATA or ./data
    path: Text | None = None
    name: Text | None = None  # folder, latents: what the images are, such as imagenet
    # pixels per side, after the crop and before any VAE, if the source does not fix it
    size: int | None = Field(None, gt=0, le=MOST_PIXELS)
    # latents: the VAE's name or identity, as `scaling encode` wrote it into the store
    vae: Text | None = None
    # folder, latents: the identity of the content, which is checked; null: any content
    content: Text | None = None
    flip: bool = False  # mirror half of the draws horizontally
    # folder: enlarge images smaller than the crop, as ADM does, instead of refusing them
    upscale: bool = False
    # folder: file, or ImageNet's devkit, that tells the classes of held-out images that are in no
    # class folder; null: looked for beside them
    heldout_labels: Text | None = None

    # clips, and latents of them: frames of each; null: images. One frame is an image
    frames: int | None = Field(None, gt=0, le=MOST_FRAMES)
    # clips: pixels per row, where they are not ``size``, which then are those per column
    width: int | None = Field(None, gt=0, le=MOST_PIXELS)

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset(
        {"name", "size", "vae", "content", "flip", "upscale", "heldout_labels", "frames", "width"}
    )
    PLACEMENT: ClassVar[frozenset[str]] = frozenset({"path", "heldout_labels"})

    @model_validator(mode="after")
    def _check(self):
        takes = {
            "folder": {"name", "size", "content", "upscale", "heldout_labels"},
            "latents": {"name", "size", "vae", "content"},
            "synthetic": {"size"},
            "synthetic-pixels": {"size"},
            "moving-digits": {"size", "frames"},
            "clips": {"name", "size", "frames", "content"},
        }.get(self.source, set())
        if self.source in ("moving-digits", "clips"):
            takes |= {"width"}
        faults = [
            f"source {self.source!r} needs a {name}; set data.{name}"
            for name in ("name", "size", "vae", "frames")
            if name in takes and getattr(self, name) is None
        ]
        if self.source in ("latents", "synthetic", "synthetic-pixels"):
            takes |= {"frames", "width"}  # which need not be
        faults += [
            f"source {self.source!r} has no {name}, got {getattr(self, name)!r}; leave "
            f"data.{name} out"
            for name in SPECIAL
            if name not in takes and getattr(self, name)
        ]
        for name in ("size", "width") if self.source == "synthetic" else ():
            if (getattr(self, name) or 0) % LATENT_FACTOR:
                faults.append(
                    f"synthetic latents are {LATENT_FACTOR} times smaller than their images: "
                    f"{name} {getattr(self, name)} is not a multiple of {LATENT_FACTOR}"
                )
        if self.source == "moving-digits" and self.size:
            low = min(self.size, self.width or self.size)
            faults += (
                [
                    f"digits are 8 pixels a side, and a frame of {low} leaves them no room to "
                    "move; set data.size and data.width to 9 or more"
                ]
                if low <= 8
                else []
            )
        if self.flip and self.source in ("digits", "mnist", "moving-digits"):
            faults.append(
                f"a flipped digit is no digit: source {self.source!r} allows no flip; leave "
                "data.flip out"
            )
        refuse(faults)
        return self

    @property
    def title(self) -> str:
        """The data's own name in tables and figures: ``imagenet, 256 px, latents of sd-vae``."""
        parts = [self.name or self.source]
        parts += [f"{self.size} px"] if self.name and self.size else []
        parts += [f"{self.frames} frames"] if self.has_clips else []
        parts += [f"latents of {PurePath(self.vae).name}"] if self.vae not in (None, "none") else []
        return ", ".join(parts)

    @property
    def has_clips(self) -> bool:
        """Whether these are clips of several frames rather than images."""
        return (self.frames or 1) > 1

    @property
    def images(self) -> tuple[str, int | None]:
        """Which images these are or were before any autoencoder: name and pixels per side."""
        return (self.name or self.source, self.size or FIXED_SIZES.get(self.source))

    def identity_fields(self, exclude: frozenset[str] = frozenset()) -> dict:
        return super().identity_fields(exclude | self.PLACEMENT)
