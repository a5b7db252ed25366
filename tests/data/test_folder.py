"""Which images lie in a folder, how are they split, and is a folder that cannot be trained on
refused before training?
"""

import pytest

from scaling.data import DataSpec, check_data, check_fits, load_data
from scaling.data.crop import read_image
from scaling.data.listing import list_images
from scaling.study import ModelSpec
from tests.data.pictures import write_folder, write_kind


def spec(folder, **fields) -> DataSpec:
    return DataSpec(
        **{"source": "folder", "name": "toy", "size": 32, "path": str(folder), **fields}
    )


def test_labels_are_the_folders_and_the_split_is_fixed_and_stratified(tmp_path):
    write_folder(tmp_path, per_class=30)
    listing = list_images(tmp_path)
    assert listing.classes == ["class0", "class1"] and listing == list_images(tmp_path)
    assert [len(listing.splits[s]) for s in ("train", "heldout")] == [56, 4]
    assert sorted(label for _, label in listing.splits["heldout"]) == [0, 0, 1, 1]
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert len(set(rows)) == 60 and all(path.startswith(f"class{label}/") for path, label in rows)


def test_a_split_of_ones_own_is_kept(tmp_path):
    write_folder(tmp_path / "train", per_class=3)
    write_folder(tmp_path / "val", per_class=2)
    data = load_data(spec(tmp_path))
    assert (len(data.train), len(data.heldout), data.num_classes) == (6, 4, 2)
    write_kind(tmp_path / "val" / "other" / "a.png", "rgb.png")
    with pytest.raises(ValueError, match="classes that train lacks, such as 'other'"):
        load_data(spec(tmp_path))


def test_content_is_checked_where_the_spec_names_it(tmp_path):
    write_folder(tmp_path)
    with pytest.raises(ValueError, match="the spec says 0123456789abcdef") as refusal:
        load_data(spec(tmp_path, content="0123456789abcdef"))
    content = str(refusal.value).split("content ")[1].split()[0]
    assert load_data(spec(tmp_path, content=content)).content == content


def empty_class(folder):
    (folder / "class2").mkdir()


def single_class(folder):
    (folder / "class1").rename(folder.parent / "class1")


def small(folder):
    write_kind(folder / "class0" / "small.png", "rgb.png", 40, 31)


def broken(folder):
    (folder / "class1" / "broken.jpg").write_bytes(b"not an image")


@pytest.mark.parametrize(
    "spoil, says",
    [
        (empty_class, "1 of 3 class folders.*such as 'class2'"),
        (single_class, r"has 1 classes \(class0\)"),
        (
            small,
            r"1 of 11 images.*smaller than the crop of 32 pixels, such as class0/small.png "
            r"\(40x31\).*upscale",
        ),
        (broken, "1 of 11 files.*cannot be read as images, such as class1/broken.jpg"),
    ],
)
def test_a_folder_that_cannot_be_trained_on_is_refused(spoil, says, tmp_path):
    folder = write_folder(tmp_path / "images")
    check_data(spec(folder))
    spoil(folder)
    with pytest.raises(ValueError, match=says):
        check_data(spec(folder))


def test_small_images_are_enlarged_where_asked(tmp_path):
    small(write_folder(tmp_path))
    check_data(spec(tmp_path, upscale=True))
    assert read_image(tmp_path / "class0" / "small.png", 32).shape == (3, 32, 32)


def test_a_missing_folder_and_one_without_classes(tmp_path):
    with pytest.raises(ValueError, match=f"no image folder at {tmp_path}/none.*data.path"):
        load_data(spec(tmp_path / "none"))
    for name in "ab":
        write_kind(tmp_path / f"{name}.png", "rgb.png")
    data = load_data(spec(tmp_path))
    assert (data.num_classes, data.classes, len(data.train), len(data.heldout)) == (1, None, 1, 1)
    model = ModelSpec(input_size=32, channels=3, patch=4, width=16, depth=1, heads=2, num_classes=2)
    with pytest.raises(ValueError, match=r"learns 2 classes, and toy.* has none; set model.num_cl"):
        check_fits(model, spec(tmp_path))
    check_fits(model.model_copy(update={"num_classes": 1}), spec(tmp_path))
