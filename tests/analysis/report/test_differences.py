"""Is each place where two answers differ named, and is rounding passed over?"""

import base64

import pytest

from analysis.report.differences import (
    in_pages,
    in_tables,
    in_trees,
    pictures_of,
    same_picture,
    same_text,
)

TABLE = "trial_id,fid,note\na,2.5,x\nb,3.5,y\n"


def test_a_difference_in_a_tree_is_named_by_its_path():
    first = {"fits": [{"slope": 1.0, "text": "FID 12.5 at 3 steps"}, {"slope": 2}], "kept": True}
    assert not [*in_trees(first, {"kept": True, "fits": [*first["fits"]]})]
    other = {"fits": [{"slope": 1.0 + 1e-8, "text": "FID 12.6 at 3 steps"}], "kept": 1, "more": 0}
    assert [*in_trees(first, other)] == [
        ("fits: length", 2, 1),
        ("fits[0].slope", 1.0, 1.0 + 1e-8),
        ("fits[0].text", "FID 12.5 at 3 steps", "FID 12.6 at 3 steps"),
        ("kept", True, 1),  # a truth is no number
        ("more", "absent", "there"),
    ]
    assert not [*in_trees(1.0, 1.0 + 1e-10)] and not [*in_trees(0.0, 1e-13)]


def test_texts_are_one_up_to_their_numbers():
    assert same_text("FID 12.5", "FID 12.50000000001", 1e-9)
    assert not same_text("FID 12.5", "FID 12.5 or so", 1e-9)
    assert not same_text("FID 12.5", "KID 12.5", 1e-9)
    assert not same_text("a -1.0", "a 1.0", 1e-9)


def test_a_cell_is_named_by_its_line_trial_and_column():
    assert not [*in_tables(TABLE, TABLE.replace("2.5", "2.5000000000001"))]
    assert [*in_tables(TABLE, TABLE.replace("3.5", "3.6"))] == [("line 3 (b).fid", "3.5", "3.6")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TABLE.replace("2.5,x", "2.5,x,more"), "line 2 has 4 cells, the first line 3"),
        (TABLE.replace("\nb", "\n\nb"), "line 3 has 0 cells, the first line 3"),
        (TABLE.replace("trial_id", "trial"), "it has no column trial_id"),
        ("", "it has no column trial_id"),
        ("trial_id\n" + 200_000 * "a", "it is no CSV: field larger than field limit"),
    ],
    ids=["a cell more", "a blank line", "no trial_id", "empty", "a long cell"],
)
def test_what_is_no_table_of_trials_is_refused_and_not_passed_over(text, says):
    with pytest.raises(ValueError, match=says):
        list(in_tables(text, TABLE))


def test_a_page_differs_under_a_heading_and_its_pictures_by_their_caption():
    def page(figure: str, svg: str) -> str:
        data = base64.b64encode(svg.encode()).decode()
        picture = f'<img src="data:image/svg+xml;base64,{data}" alt="FID by size">'
        return f"<h1>Study</h1>\n<p>a</p>\n<h2>Laws</h2>\n<p>FID <b>{figure}</b></p>\n{picture}\n"

    first, second = page("2.5", '<path id="p1a" d="M 1.001"/>'), page("2.6", '<path d="M 2"/>')
    assert [*in_pages(first, second)] == [("Laws", "FID 2.5", "FID 2.6")]
    assert [*in_pages(first, first + "more\n")] == [("lines of the page", 5, 6)]
    assert pictures_of(second) == {"FID by size": '<path d="M 2"/>'}


def test_drawings_are_one_to_a_hundredth_of_a_point_whatever_their_parts_are_called():
    first = '<path id="p1a" d="M 1.001 5"/><use href="#p1a"/>'
    assert same_picture(first, '<path id="q7" d="M 1.009 5"/><use href="#q7"/>')
    assert not same_picture(first, first.replace("1.001", "1.02"))
    assert not same_picture(first, first.replace("M", "L"))
