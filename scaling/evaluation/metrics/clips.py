"""How are clips compared? Frame by frame, and by the features of all their frames, stacked.

FID over frames tells nothing of motion: shuffled in time, a clip has the same. The Fréchet distance
over stacked features does: a clip is one vector, its frames' features in order. It is no FVD, whose
features come from a network of videos.
"""

from torch import Tensor

from scaling.evaluation.features.passes import features_of

STACKED = " of a clip"  # ends the name of a layer whose features are stacked over the frames


def stacked(layer: str) -> str:
    """The layer whose features are those of ``layer``, of all frames of a clip in order."""
    return layer + STACKED


def is_stacked(layer: str) -> bool:
    return layer.endswith(STACKED)


def plain(layer: str) -> str:
    """The layer of one frame that ``layer`` stacks, or ``layer`` itself."""
    return layer.removesuffix(STACKED)


def seen(images: Tensor, extractor: str, layers: tuple[str, ...]) -> dict[str, Tensor]:
    """Features by layer of uint8 images (B, C, H, W) or clips (B, C, F, H, W).

    Of clips a layer gives (B F, D), the frames of a clip one after the other, and a ``stacked`` one
    (B, F D).
    """
    count = len(images)
    if images.ndim == 5:
        images = images.transpose(1, 2).flatten(0, 1)
    of_frames = features_of(images, extractor, tuple(dict.fromkeys(map(plain, layers))))
    return {
        layer: of_frames[plain(layer)].reshape(count, -1) if is_stacked(layer) else of_frames[layer]
        for layer in layers
    }


def frames_in(images: Tensor) -> int:
    """Frames of each of a batch of images (B, C, H, W) or clips (B, C, F, H, W)."""
    return images.shape[2] if images.ndim == 5 else 1


def span_fault(frames: int, dimension: int, samples: int | None, real: int | None) -> str | None:
    """Why stacked features have no covariance that spans them, or None.

    ``dimension`` is of one frame's; ``samples`` and ``real`` are clips, None where not known.
    """
    stacks = frames * dimension
    few = [
        f"{count} {what}"
        for count, what in ((samples, "samples"), (real, "reference clips"))
        if count is not None and count <= stacks
    ]
    if not few:
        return None
    return (
        f"clip_fd stacks {frames} frames x {dimension} features = {stacks}, which "
        f"{' and '.join(few)} do not span; it needs {stacks + 1} or more of each: draw more, "
        "take fewer frames or features, or leave clip_fd out of metrics"
    )
