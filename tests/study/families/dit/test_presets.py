"""Do transformers of others cost what their papers print, and are their names known?"""

import pytest

from scaling.models.counting.count_rows import counted
from scaling.study import cost
from scaling.study.costs.published import published_for, published_transformers
from scaling.study.families import named_network, preset_resolution
from scaling.study.families.dit.presets import MODERN

# JiT, arXiv 2511.13720, Tables 6 to 8: millions of parameters, GMACs
JIT = {
    "JiT-B/16": (131, 25),
    "JiT-L/16": (459, 88),
    "JiT-H/16": (953, 182),
    "JiT-G/16": (2000, 383),
    "JiT-B/32": (133, 26),
    "JiT-L/32": (462, 89),
    "JiT-H/32": (956, 183),
    "JiT-G/32": (2000, 384),
}
SIT = {  # arXiv 2401.08740, Table 8, which says that the Gflops are DiT's
    "SiT-S/2": (33, 6.06),
    "SiT-B/2": (130, 23.01),
    "SiT-L/2": (458, 80.71),
    "SiT-XL/2": (675, 118.64),
}
PARAMS_M = {
    "LightningDiT-XL/1": 675,
    "DiT-DH-XL": 839,
    "JiT-B/64": 141,
}


@pytest.mark.parametrize("name", JIT)
def test_a_jit_costs_what_its_paper_prints(name):
    """GMACs are printed without decimals, so half a unit is allowed beside 2 %."""
    m, (params_m, gmacs) = named_network(name), JIT[name]
    assert m.input_size == preset_resolution(name) and m.tokens == 256
    assert cost.params_m(m) == pytest.approx(params_m, rel=0.01)
    assert cost.forward_gmacs(m) == pytest.approx(gmacs, rel=0.02)


@pytest.mark.parametrize("name", PARAMS_M)
def test_others_have_the_printed_parameters(name):
    assert cost.params_m(named_network(name)) == pytest.approx(PARAMS_M[name], rel=0.01)


@pytest.mark.parametrize("name", SIT)
def test_a_sit_costs_its_dit_but_for_the_outputs_that_it_does_not_use(name):
    sit, dit = named_network(name), named_network(name.replace("SiT", "DiT"))
    params_m, gmacs = SIT[name]
    assert sit.replaced(learn_sigma=True) == dit
    assert cost.params_m(sit) == pytest.approx(params_m, rel=0.01)
    assert cost.forward_gmacs(sit) == pytest.approx(gmacs, rel=0.002)


def test_raes_figure_counts_the_modulation_of_a_wide_head_once_not_for_each_token():
    """RAE prints 146; each of 256 tokens has a modulation of its own, which makes it 161."""
    m = named_network("DiT-DH-XL")
    per_token = (2 * 6 + 2) * m.head_width**2 * (m.tokens - 1) / 1e9
    assert cost.forward_gmacs(m) == pytest.approx(161, rel=0.01)
    assert cost.forward_gmacs(m) - per_token == pytest.approx(146, rel=0.02)


def test_jits_at_1024_px_are_counted_below_what_is_printed():
    """Its paper prints 30 for B/64; its layers, which fit all other rows, give 27.9. 30 is what it
    would cost without the bottleneck of its patch embedding, which the printed parameters have.
    """
    m = named_network("JiT-B/64")
    assert (m.input_size, m.tokens) == (1024, 256)
    assert cost.forward_gmacs(m) == pytest.approx(27.9, rel=0.01)
    without = m.replaced(bottleneck=None)
    assert cost.forward_gmacs(without) == pytest.approx(30, rel=0.01)
    assert cost.params_m(without) > 1.05 * 141


def test_fvcore_agrees_with_the_layers_of_every_recipe_and_count_knows_them():
    names = ["JiT-B/16", "LightningDiT-XL/1", "DiT-DH-S", "SiT-S/2"]
    for row in counted(names):
        assert row.counted.macs == pytest.approx(cost.forward_macs(row.spec), rel=5e-3)
        assert row.params == cost.params(row.spec)


def test_the_table_of_published_transformers_has_the_printed_figures():
    rows = {row.model: (row.params_m, row.gmacs) for row in published_transformers()}
    odd = {"JiT-B/64": (141, 30), "DiT-DH-XL": (839, 146), "LightningDiT-XL/1": (675, None)}
    assert rows == JIT | SIT | odd
    assert published_for(named_network("SiT-B/2")).gmacs == 23.01
    assert published_for(named_network("JiT-H/16")).gmacs == 182
    assert published_for(named_network("DiT-XL/2")).source.startswith("arXiv:2212.09748")


def test_names_are_found_at_other_resolutions_and_near_names_are_told():
    assert named_network("JiT-B/32", 1024).tokens == 1024
    assert named_network("LightningDiT-XL/1", 512).tokens == 1024
    with pytest.raises(ValueError, match="resolution 250 is not a positive multiple of 16"):
        named_network("DiT-DH-B", 250)
    with pytest.raises(ValueError, match=r"unknown model 'JiT-B/8'; nearest: .*JiT-B/64"):
        named_network("JiT-B/8")
    assert all(named_network(name).num_classes == 1000 for name in MODERN)
