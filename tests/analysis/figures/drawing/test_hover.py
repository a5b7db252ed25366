"""Does every mark lie inside its picture?"""

from analysis.report.pictures import study_pictures


def test_every_mark_lies_inside_its_picture(finished):
    for name, one in study_pictures(finished, ("svg",)).items():
        assert one.marks or one.missing or name == "sample_grid", name
        assert all(0 < left < 100 and 0 < top < 100 and text for left, top, text in one.marks), name
