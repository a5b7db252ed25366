"""How do the images in archives become a listing, or plain paths? The same for tars and zips."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from scaling.data.listing.labels import with_labels
from scaling.data.listing.splits import Labelled, Listing, Placed, by_places, grouped

OLDER = "older members of a name"  # which another of the same name replaces


class Members(NamedTuple):
    """The images in archives of one folder."""

    labelled: list[Labelled]  # whose archive tells their class
    placed: list[Placed]  # whose place tells it
    left_out: Counter

    def listing(self, folder: Path, labels: Path | None) -> Listing:
        """By split and class; ``labels`` as in ``list_images``. ValueError as ``list_folder``."""
        images, said = with_labels([*self.labelled, *by_places(self.placed)], folder, labels)
        listing = grouped(images, folder, [], self.left_out)
        return listing._replace(told=listing.told + said)

    def paths(self) -> list[str]:
        """Of all images, whatever their class, in order."""
        paths = [*(image.path for image in self.labelled), *(image.path for image in self.placed)]
        return sorted(paths, key=lambda path: path.split("/"))
