"""Is each feature extractor's place of weights known, and is an unknown name refused?"""

import pytest
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY

from scaling.data.sources import SOURCES
from scaling.evaluation.features.extractors import EXTRACTORS, extractor_of, layers_of

every_extractor = pytest.mark.parametrize("name", EXTRACTORS)


@every_extractor
def test_its_weights_come_with_a_package_or_from_one_address(name):
    extractor = extractor_of(name)
    assert (extractor.file is None) != (extractor.name_and_address is None)
    if extractor.name_and_address:
        file, address = extractor.name_and_address
        assert (address.startswith("https://") and address.endswith(f"/{file}")) or "clip" in name


@every_extractor
def test_its_layers_are_of_a_network_that_torch_fidelity_knows(name):
    layers = layers_of(name)
    assert layers.registered in FEATURE_EXTRACTORS_REGISTRY and layers.features


def test_those_of_small_grey_images_say_of_which_data():
    known = {name: extractor.sources for name, extractor in EXTRACTORS.items() if extractor.knows}
    assert known.keys() == {"digits-cnn", "digits-mixer", "fashion-cnn", "fashion-mixer"}
    assert all(EXTRACTORS[name].takes_grey for name in known)
    assert all(sources <= SOURCES.keys() for sources in known.values())


def test_an_unknown_name_is_refused_with_those_that_are_known():
    with pytest.raises(ValueError, match=r"'inceptoin'.*inception"):
        extractor_of("inceptoin")
