"""Is an image folder read as DiT reads it, in every common format, and refused before training
where it cannot be?
"""

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.data import DataSpec, Loader, batch_indices, check_data, load_data
from scaling.data.crop import centre_crop, read_image, rgb
from scaling.data.folder import list_images
from tests.data.pictures import KINDS, picture, write_folder, write_kind


def spec(folder, **fields) -> DataSpec:
    return DataSpec(
        **{"source": "folder", "name": "toy", "size": 32, "path": str(folder), **fields}
    )


def adm_center_crop_arr(pil_image, image_size):
    """As in ADM (guided-diffusion, image_datasets.py) and DiT (train.py), word for word."""
    while min(*pil_image.size) >= 2 * image_size:
        pil_image = pil_image.resize(tuple(x // 2 for x in pil_image.size), resample=Image.BOX)
    scale = image_size / min(*pil_image.size)
    pil_image = pil_image.resize(
        tuple(round(x * scale) for x in pil_image.size), resample=Image.BICUBIC
    )
    arr = np.array(pil_image)
    crop_y = (arr.shape[0] - image_size) // 2
    crop_x = (arr.shape[1] - image_size) // 2
    return arr[crop_y : crop_y + image_size, crop_x : crop_x + image_size]


@pytest.mark.parametrize(
    "size", [(32, 32), (33, 40), (63, 200), (64, 64), (500, 375), (141, 129), (20, 31)]
)
def test_the_crop_is_adms(size):
    image = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    )
    assert np.array_equal(centre_crop(image, 32), adm_center_crop_arr(image, 32))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_shows_the_same_picture(kind, tmp_path):
    write_kind(tmp_path / kind, kind)
    got = read_image(tmp_path / kind, 32)
    assert (got.shape, got.dtype) == ((3, 32, 32), np.uint8)
    plain = centre_crop(picture(70, 50), 32).transpose(2, 0, 1).astype(int)
    off = np.abs(got - plain)
    if kind.startswith("grey"):
        plain = (
            centre_crop(picture(70, 50).convert("L").convert("RGB"), 32)
            .transpose(2, 0, 1)
            .astype(int)
        )
        assert np.abs(got - plain).max() <= 2
    elif kind.startswith("bilevel"):
        assert len(np.unique(got[0] - got[1])) == 1  # grey
    elif kind.startswith("rgba"):
        # what is transparent lies over white
        assert off[:, :, :13].max() == 0 and got[:, :, -12:].min() == 255
    else:
        assert off.mean() < (12 if kind.startswith("palette") else 3)


def test_a_transparent_palette_lies_over_white():
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.info["transparency"] = 0
    assert np.asarray(rgb(image)).min() == 255


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


def test_batches_are_pure_functions_of_seed_and_step_on_any_number_of_workers(tmp_path):
    images = load_data(spec(write_folder(tmp_path, per_class=10), flip=True)).train
    alone = Loader(images, batch=8, seed=3)
    whole = [alone.step(step) for step in range(4)]
    parts = [Loader(images, 8, 3, part=slice(i, i + 1)) for i in range(8)]
    for step in (0, 3, 1):
        x, y = (torch.cat(part) for part in zip(*(loader.step(step) for loader in parts)))
        assert torch.equal(x, whole[step][0]) and torch.equal(y, whole[step][1])
        flips, rows = images.flips(8, (3, step)), batch_indices(len(images), 8, 3, step)
        assert flips.any() and torch.equal(x[flips], images.batch(rows)[flips].flip(-1))
        assert torch.equal(x[~flips], images.batch(rows)[~flips])


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
    write_kind(tmp_path / "a.png", "rgb.png")
    with pytest.raises(ValueError, match=r"0 classes \(no subfolder\) and 1 images outside"):
        load_data(spec(tmp_path))


def test_a_truncated_image_is_named(tmp_path):
    write_kind(tmp_path / "a.jpg", "rgb.jpg")
    (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:700])
    with pytest.raises(ValueError, match=r"a.jpg cannot be read as an image"):
        read_image(tmp_path / "a.jpg", 32)


def test_an_image_that_cannot_be_read_is_raised_at_its_step_though_read_ahead(tmp_path):
    """A file whose head is whole: what comes before it is given."""
    images = load_data(spec(write_folder(tmp_path, per_class=10))).train
    broken = tmp_path / images.paths[int(batch_indices(len(images), 2, 0, 3)[1])]
    whole = Loader(images, batch=2, seed=0)
    expected = [whole.step(step)[0] for step in range(3)]
    broken.write_bytes(broken.read_bytes()[:200])
    loader = Loader(images, batch=2, seed=0)
    assert all(torch.equal(loader.step(step)[0], expected[step]) for step in range(3))
    with pytest.raises(ValueError, match=f"{broken.name} cannot be read"):
        loader.step(3)
