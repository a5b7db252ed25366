"""Does the table of laws show what each says, and why one says nothing?"""

from analysis.answers.laws.answer import LawAnswer, laws_table

KNOWN = LawAnswer(
    "FID of Gflops",
    law="FID = 30 G^-0.5",
    exponent="G",
    value=-0.5,
    interval=(-0.6, -0.4),
    held_out="L",
    rms_log_error=0.05,
    inside="2 of 3",
)


def test_each_law_is_a_row_in_the_order_given():
    none = LawAnswer("loss of images", why_not="two sizes; a law needs three")
    table = laws_table([none, KNOWN])
    assert table["question"].to_list() == ["loss of images", "FID of Gflops"]
    known = table.row(1, named=True)
    assert (known["value"], known["low"], known["high"]) == (-0.5, -0.6, -0.4)
    assert (known["held_out"], known["inside_95"], known["why_not"]) == ("L", "2 of 3", None)
    unknown = table.row(0, named=True)
    assert unknown.pop("question") and unknown.pop("why_not") == "two sizes; a law needs three"
    assert set(unknown.values()) == {None}


def test_a_law_without_an_audit_says_why():
    law = LawAnswer("FID of G", value=-0.5, why_no_audit="one rung")
    row = laws_table([law]).row(0, named=True)
    assert (row["value"], row["low"], row["why_not"]) == (-0.5, None, "one rung")


def test_no_laws_are_a_table_with_its_columns():
    assert laws_table([]).columns == laws_table([KNOWN]).columns
    assert laws_table([]).schema == laws_table([KNOWN]).schema


def test_the_place_in_the_list_of_laws_is_no_part_of_what_it_says():
    assert LawAnswer("q", name="a") == LawAnswer("q", name="b")
