"""Do names tell every field that came after the paper, and is what cannot be refused?"""

import pytest

from scaling.study import ModelSpec
from scaling.study.families import network_of
from scaling.study.families.dit.variant import PAPER as DEFAULTS
from tests.study.families.variants import FIELDS, HEAD, JIT, PAPER, VARIANTS


def test_the_defaults_are_the_papers_and_no_part_of_the_identity():
    fields = ModelSpec.model_fields
    assert {name: fields[name].default for name in DEFAULTS} == DEFAULTS
    assert not DEFAULTS.keys() & PAPER.identity_fields().keys()
    recorded = PAPER.model_dump(mode="json")
    before = {name: value for name, value in recorded.items() if name not in DEFAULTS}
    assert network_of(before) == PAPER


@pytest.mark.parametrize("name", VARIANTS)
def test_a_name_tells_what_is_unusual_and_reads_back(name):
    m = VARIANTS[name]
    assert m.name == f"DiT-d2w16/4 {name}" and m.model_id != PAPER.model_id
    assert " " not in m.slug and "/" not in m.slug and m.slug != PAPER.slug
    read = PAPER.named_like(m.name)
    assert read.completed_among([m]) == m and read.name == m.name
    assert network_of(m.model_dump(mode="json")) == m


def test_no_two_variants_share_a_rung_and_a_series_or_an_identity():
    several = [PAPER, *VARIANTS.values(), PAPER.replaced(bottleneck=7)]
    assert len({(m.rung, m.series, m.conditioning) for m in several}) == len(several)
    assert len({m.model_id for m in several}) == len({m.slug for m in several}) == len(several)


def test_a_curve_joins_sizes_whose_bottleneck_and_class_tokens_grow_too():
    small, large = PAPER.replaced(**JIT), PAPER.replaced(**JIT, depth=3)
    large = large.replaced(bottleneck=8, class_tokens_from=2)
    assert (
        small.series
        == large.series
        == ("patch 4, rms, qk-norm, sincos+rope, swiglu, cls3, bottleneck")
    )
    assert small.rung == "d2w16 cls3@1 bottleneck6" and large.rung == "d3w16 cls3@2 bottleneck8"


def test_a_word_that_there_is_not_is_no_name_of_a_dit():
    assert PAPER.named_like("DiT-d2w16/4 rms wings") is None


def test_a_gated_mlp_has_two_thirds_of_the_channels():
    assert (PAPER.hidden, VARIANTS["swiglu"].hidden) == (64, 42)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"norm": "batch"}, "norm"),
        ({"positions": "rope", "heads": 8}, "heads 8 of width 16 have 2 channels each, not a mul"),
        (
            HEAD | {"positions": "rope", "head_width": 18},
            "head_heads 3 of width 18 have 6 channels",
        ),
        (HEAD | {"head_heads": 5}, "head_heads 5 do not divide the head_width 24"),
        ({"head_depth": 2}, "set model.head_width, model.head_heads too"),
        ({"class_tokens_from": 1}, "class_tokens_from 1 without class tokens"),
        ({"class_tokens": 4, "class_tokens_from": 2}, "2 is not a block of a depth of 2; set it"),
        (
            {"class_tokens": 4, "conditioning": "in-context"},
            "class_tokens cannot be with conditioning 'in-context'",
        ),
        (HEAD | {"conditioning": "cross-attention"}, "a wide head cannot be with conditioning"),
        ({"bottleneck": 0}, "greater than 0"),
    ],
)
def test_what_cannot_be_is_refused(fields, says):
    with pytest.raises(ValueError, match=says):
        PAPER.replaced(**fields)


def test_only_what_other_codes_can_read_is_written_for_them():
    assert set(PAPER.formats()) == {"dit", "diffusers", "sit"}
    assert all(not m.formats() for m in VARIANTS.values())
    assert set(FIELDS) == set(VARIANTS)
