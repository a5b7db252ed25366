"""Is the autoencoder of latents told by its name, and a decoder of another name?"""

import pytest

from scaling.study.specs.data import DataSpec
from scaling.study.specs.decoder import maker_of, other_maker, tokenizer


def latents(vae: str) -> DataSpec:
    return DataSpec(source="latents", name="toy", size=32, vae=vae)


def test_the_tokenizer_is_the_last_part_of_the_makers_name_or_pixels():
    assert tokenizer(latents("stabilityai/sd-vae-ft-ema")) == "sd-vae-ft-ema"
    assert tokenizer(latents("digits-f2c4")) == "digits-f2c4"
    assert tokenizer(DataSpec(source="synthetic", size=32)) == "synthetic"
    assert maker_of(DataSpec(source="digits")) is None
    assert tokenizer(DataSpec(source="digits")) == "pixels"
    assert tokenizer(latents("none")) == "pixels"


@pytest.mark.parametrize(
    ("made_by", "decoder", "other"),
    [
        ("stabilityai/sd-vae-ft-ema", "/models/sd-vae-ft-ema", None),  # where it lies is no name
        ("sd-vae-ft-ema", "/models/sd-vae-ft-ema/", None),
        ("stabilityai/sd-vae-ft-ema", "stabilityai/sd-vae-ft-mse", "sd-vae-ft-ema"),
        (None, "sd-vae-ft-ema", None),
        ("sd-vae-ft-ema", None, None),
    ],
)
def test_a_decoder_of_another_name_has_the_makers_told(made_by, decoder, other):
    assert other_maker(made_by, decoder) == other
