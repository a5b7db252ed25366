"""Are protocols told apart in words, and two of them kept from one axis?"""

import polars as pl
import pytest

from analysis.select.protocols import one_axis, protocols_of

A = {"trial_id": "t0", "protocol": "p0", "label": "FID-1K", "sampling": "ddpm50", "data": "digits"}
B = A | {"trial_id": "t1", "protocol": "p1"}


def words(*rows: dict) -> list[str]:
    return list(protocols_of(pl.DataFrame(rows)).values())


def test_words_say_no_more_than_tells_protocols_apart():
    assert words(A, A | {"trial_id": "t9"}) == ["FID-1K, ddpm50"]
    assert words(A, B | {"sampling": "ddim20"}) == ["FID-1K, ddpm50", "FID-1K, ddim20"]
    assert words(A, B | {"data": "mnist"}) == ["FID-1K, ddpm50, digits", "FID-1K, ddpm50, mnist"]
    assert words(A, B) == ["FID-1K, ddpm50, protocol p0", "FID-1K, ddpm50, protocol p1"]
    # two are alike, and the third is another: all are told by their protocol
    assert len(set(words(A, B, B | {"protocol": "p2", "data": "mnist"}))) == 3


def test_a_label_that_says_what_it_is_against_needs_no_sampling():
    told = A | {"label": "FID-1K, ddpm50, vs train", "sampling": "ddpm50"}
    assert words(told) == ["FID-1K, ddpm50, vs train"]
    assert words(told | {"fid_label": "FID-2K, ddpm50, vs train"}) == ["FID-2K, ddpm50, vs train"]
    assert words(A | {"sampling": None}) == ["FID-1K"]


def test_two_protocols_share_an_axis_only_where_that_is_asked_for():
    rows = pl.DataFrame([A, B | {"sampling": "ddim20"}])
    with pytest.raises(ValueError) as error:
        one_axis(rows, remedy="keep one with --protocol")
    assert str(error.value) == (
        "2 protocols are mixed, as in t0 and t1 (FID-1K, ddpm50; FID-1K, ddim20); their figures do "
        "not belong on one axis, keep one with --protocol"
    )
    assert one_axis(rows, across_protocols=True) == protocols_of(rows)
    assert one_axis(rows.head(1)) == {"p0": "FID-1K, ddpm50"}
