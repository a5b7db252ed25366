"""Are seconds learned from what was done: floor, rate, families, networks, a drifting machine?"""

import math

import pytest

from scaling.study.planning.pace import MOST, Work, seconds_of

DIT, UNET = ("dit", "d2w16"), ("unet", "w32")


def test_one_piece_of_work_foretells_its_like():
    assert seconds_of([Work(1e9, 5.0, DIT, 0)], 1, 1e6)(1e9, DIT) == pytest.approx(5.0, rel=0.01)


def test_the_floor_is_learned_from_work_of_unlike_sizes():
    floor, rate = 6e8, 1e10
    done = [Work(flops, (floor + flops) / rate, DIT, i) for i, flops in enumerate([8e9, 2e9, 5e8])]
    small = seconds_of(done, 3, 3e8)(1e8, DIT)
    assert small == pytest.approx((floor + 1e8) / rate, rel=0.2)  # else 0.04


def test_a_family_has_its_own_pace():
    """A U-Net takes thrice as long for a FLOP; its other networks do so too."""
    done = [Work(1e9, 1.0, DIT, 0), Work(1e9, 1.0, DIT, 1), Work(1e9, 3.0, UNET, 2)]
    at = seconds_of(done, 3, 1e3)
    assert at(1e9, DIT) == pytest.approx(1.0, rel=0.25)
    assert at(1e9, ("unet", "w48")) == pytest.approx(3.0, rel=0.35)


def test_a_network_is_told_from_others_of_its_family():
    deep, wide = ("dit", "d12w24"), ("dit", "d3w48")
    done = [Work(1e9, 2.0, deep, i) for i in (0, 2, 4)] + [Work(1e9, 1.0, wide, i) for i in (1, 3)]
    at = seconds_of(done, 5, 1e3)
    assert at(1e9, deep) > 1.2 * at(1e9, wide)


def test_the_latest_count_most_where_a_machine_gets_slower():
    done = [Work(1e9, math.exp(0.1 * i), DIT, i) for i in range(20)]
    middle = math.exp(0.1 * 9.5)
    assert middle < seconds_of(done, 20, 1e3)(1e9, DIT) < math.exp(0.1 * 20)


def test_a_thousand_trainings_are_foretold_by_the_latest():
    done = [Work(1e9, 1.0, DIT, i) for i in range(1000)]
    assert seconds_of(done, 1000, 1e3)(1e9, DIT) == seconds_of(done[-MOST:], 1000, 1e3)(1e9, DIT)
