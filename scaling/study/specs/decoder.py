"""Is a decoder the VAE that made the latents? By name, which is all that a spec knows."""

from pathlib import PurePath

from scaling.study.specs.data import DataSpec

SYNTHETIC = "synthetic"  # the VAE of the source of that name, which a spec does not repeat


def maker_of(data: DataSpec) -> str | None:
    """The VAE that made the latents of ``data``; None where it is pixels."""
    return SYNTHETIC if data.source == SYNTHETIC else data.vae


def other_maker(made_by: str | None, decoder: str | None) -> str | None:
    """The name of the VAE that made the latents where the decoder has another name; else None.

    A folder's name counts, not where it lies.
    """
    if made_by is None or decoder is None:
        return None
    made, read = PurePath(made_by).name, PurePath(decoder).name
    return None if made == read else made
