"""Are as many images of each class asked for as a person says?"""

from pathlib import Path

import pytest

from scaling.evaluation.sampling.load import Loaded
from scaling.evaluation.sampling.wanted import (
    Wanted,
    check_place,
    check_request,
    check_space,
    suffix_of,
    wanted,
)
from scaling.models import build_model
from scaling.study import DiffusionSpec, ModelSpec

SPEC = ModelSpec(input_size=8, channels=1, patch=4, width=8, depth=1, heads=1, num_classes=5)


ONE = SPEC.model_copy(update={"num_classes": 1})


def asked(out="d", classes=(), per_class=None, count=None, balanced=False, dropout=0.1, spec=SPEC):
    loaded = Loaded(build_model(spec), spec, DiffusionSpec(), dropout, None)
    return wanted(loaded, Path(out), classes, per_class, count, balanced, guided=False)


def test_classes_come_in_turn_and_a_picture_has_a_row_for_each():
    assert asked(count=7) == Wanted(7) and asked(count=7).labels is None
    assert list(asked(count=7, balanced=True).labels) == [0, 1, 2, 3, 4, 0, 1]
    assert list(asked(per_class=2).labels) == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4]
    assert list(asked(count=5, classes=["3", "1"]).labels) == [3, 1, 3, 1, 3]
    assert list(asked(classes=["4"], per_class=3).labels) == [4, 4, 4]
    assert list(asked("g.png", classes=["4", "none"], per_class=2).labels) == [4, 4, 5, 5]


def test_more_than_can_be_made_is_refused():
    with pytest.raises(ValueError, match="45000000 images are more than 10000000"):
        asked(per_class=9_000_000)
    for option, number in (("per_class", 0), ("count", 10**9)):
        given = {"per_class": None, "count": None, option: number}
        with pytest.raises(ValueError, match=f"--{option.replace('_', '-')} {number}: from 1"):
            check_request(Path("d"), [], balanced=False, **given)


def test_a_model_without_classes_is_told_none():
    assert asked("g.png", spec=ONE) == Wanted(8, (0,), 8)
    assert asked("g.png", per_class=3, spec=ONE) == Wanted(3, (0,), 3)
    assert asked(count=5, spec=ONE) == Wanted(5, (0,))
    with pytest.raises(ValueError, match=r"g\.png is a picture with a row for each class: say"):
        asked("g.png")
    with pytest.raises(ValueError, match="say either --classes, as --classes 3 5, --count"):
        asked()


def test_no_class_needs_that_it_was_learned():
    assert list(asked(count=2, classes=["none"], dropout=None).labels) == [5, 5]
    with pytest.raises(ValueError, match="did not learn a label for no class"):
        asked(count=2, classes=["none"], dropout=0.0)


def test_a_folder_may_have_a_dot_in_its_name_and_a_suffix_any_case():
    assert [suffix_of(Path(p)) for p in ("ema-0.95", "a.NPZ", "b.png")] == ["", ".npz", ".png"]


def test_more_than_the_disk_holds_is_refused(tmp_path):
    check_space(tmp_path / "new" / "d", 10, 100)
    with pytest.raises(ValueError, match=r"images take 1000000000\.00 GB.* GB free"):
        check_space(tmp_path / "d", 10**9, 10**9)


def test_a_place_below_a_file_is_none(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"^--out .*file/a: .*file is a file; give another place"):
        check_place(tmp_path / "file" / "a")
    check_place(Path("/"))  # which has no parent, and is refused as one that exists
