"""Does measuring cost what its networks count?"""

from typing import get_args

import pytest

from scaling.study.costs.measuring import (
    FEATURE_GMACS,
    decoder_gmacs,
    feature_gmacs,
    unpriced_features,
)
from scaling.study.specs.measured import Features
from scaling.study.specs.protocol import Protocol


def test_every_extractor_has_a_price_or_is_known_to_have_none():
    assert set(FEATURE_GMACS) == set(get_args(Features))


def test_vision_transformers_count_as_published():
    # DeiT's B/16 at 224 is 17.6 GFLOPs of multiply-adds; CLIP's L/14 at 336 is 191
    assert FEATURE_GMACS["clip-vit-b-16"] == pytest.approx(17.6, rel=0.01)
    assert FEATURE_GMACS["clip-vit-l-14-336px"] == pytest.approx(191, rel=0.01)


def test_a_decoder_costs_by_the_pixel_and_the_synthetic_one_nothing():
    latents = Protocol(decoder="sd-vae-ft-mse", features="inception", metrics=("fid", "sfid"))
    assert decoder_gmacs(latents, 512 * 512) == 4 * decoder_gmacs(latents, 256 * 256)
    assert decoder_gmacs(latents.model_copy(update={"decoder": "synthetic"}), 256 * 256) == 0
    assert feature_gmacs(latents) == 5.71  # both metrics read the same network


def test_extractors_without_a_published_price_are_named_and_not_taken_for_free():
    known, unknown = (
        Protocol(samples=100, features=features, metrics=("fid",))
        for features in ("inception", "clip-rn50")
    )
    assert unpriced_features(known) == [] and feature_gmacs(known) == 5.71
    assert unpriced_features(unknown) == ["clip-rn50"]
