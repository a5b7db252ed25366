"""Is a decoder the VAE that made the latents? By name, which is all that a spec knows."""

from pathlib import PurePath

from scaling.study.specs.data import DataSpec

NO_TOKENIZER = "none"  # the name of no autoencoder, whose latents are pixels
SYNTHETIC = "synthetic"  # the VAE of the source of that name, which a spec does not repeat


def maker_of(data: DataSpec) -> str | None:
    """The VAE that made the latents of ``data``; None where it is pixels."""
    return SYNTHETIC if data.source == SYNTHETIC else data.vae


def tokenizer(data: DataSpec) -> str:
    """What a table calls the autoencoder that made the latents of ``data``, or ``pixels``."""
    maker = maker_of(data)
    return "pixels" if maker in (None, NO_TOKENIZER) else PurePath(maker).name


def other_maker(made_by: str | None, decoder: str | None) -> str | None:
    """The name of the VAE that made the latents where the decoder has another name; else None.

    A folder's name counts, not where it lies.
    """
    if made_by is None or decoder is None:
        return None
    made, read = PurePath(made_by).name, PurePath(decoder).name
    return None if made == read else made
