"""What does ``scaling evaluate`` compare images with? Its reference, as each extractor sees it."""

from pathlib import Path

from scaling.evaluation.images.named import reference_source
from scaling.evaluation.images.real_images import RealImages
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.table import spaces_of
from scaling.study.specs.protocol import Protocol


def seen_by(source: RealImages | Path, protocol: Protocol) -> dict[str, Reference]:
    """``source`` as each extractor of ``protocol`` sees it, by the extractor's name."""
    return {
        extractor: Reference(source, extractor, protocol.reference_images, protocol.transform)
        for metric in protocol.metrics
        for extractor, _ in spaces_of(metric, protocol)
    }


def other_images(reference: str, protocol: Protocol) -> RealImages | Path | None:
    """Of FDr, the held-out images where ``reference`` is a data set's training images, and these
    where it is the held-out ones; None without FDr. ValueError where ``reference`` is no data set.
    """
    if "fdr" not in protocol.metrics:
        return None
    name, _, subset = reference.partition(":")
    if Path(reference).exists() or reference.endswith((".npz", ".npy")):
        raise ValueError(
            f"fdr compares with the train and held-out images of a data set, and {reference} is "
            "one set of images: leave fdr out of metrics, or name a data set, as --reference digits"
        )
    return reference_source(name if subset == "heldout" else f"{name}:heldout")
