"""Are a DiT's shapes and names the paper's?"""

import pytest

from scaling.study import ModelSpec


def test_presets_are_the_papers_shapes():
    m = ModelSpec.preset("DiT-XL/2", resolution=512)
    assert (m.depth, m.width, m.heads, m.tokens, m.name) == (28, 1152, 16, 1024, "DiT-XL/2")
    with pytest.raises(ValueError, match="nearest: DiT-XL/"):
        ModelSpec.preset("DiT-XXL/2")
    with pytest.raises(ValueError, match="250"):
        ModelSpec.preset("DiT-B/4", resolution=250)


def test_names_tell_all_that_is_unusual_and_a_released_slug_stays():
    usual = ModelSpec.preset("DiT-S/4")
    assert (usual.rung, usual.series, usual.slug) == ("S", "patch 4", "DiT-S-4")
    unusual = usual.replaced(mlp_ratio=2.0, conditioning="adaln", depth=3)
    assert unusual.name == "DiT-d3w384/4 [adaln] mlp 2"
    assert (unusual.rung, unusual.series) == ("d3w384", "patch 4, mlp 2")
    assert unusual.slug == "DiT-d3w384-4[adaln]"  # from before the ratio was part of a name
