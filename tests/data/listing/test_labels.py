"""Are held-out images that lie in no class folder given the classes that files of labels say?"""

import json
import tarfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.io import savemat
from torchvision.datasets import imagenet

from scaling.data.listing import all_images, list_images
from scaling.data.listing.labels import as_label, read_labels
from tests.data.listing.test_folders import folder_of
from tests.data.listing.test_tars import png, tar_of
from tests.data.pictures import write_kind

CLASSES = ("n01", "n02", "n03")
# the devkit's numbers are not in the order of the names
IDS = {3: "n01", 1: "n02", 2: "n03"}
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
OF = ["n02", "n01", "n01", "n03", "n02", "n03"]  # the classes of val's images
NAMES = [f"ILSVRC2012_val_{i:08d}" for i in range(1, 7)]


@pytest.fixture
def unpacked(tmp_path):
    """As it is downloaded and unpacked: train/CLASS, and val without classes."""
    folder_of(tmp_path / "set", *(f"train/{name}" for name in CLASSES))
    for name in NAMES:
        write_kind(tmp_path / "set" / "val" / f"{name}.JPEG", "rgb.jpg", 8, 8)
    return tmp_path / "set"


def devkit(folder):
    folder.mkdir(parents=True, exist_ok=True)
    ids = {wnid: number for number, wnid in IDS.items()}
    (folder / TRUTH).write_text("".join(f"{ids[name]}\n" for name in OF))
    kinds = [("ILSVRC2012_ID", "<f8"), ("WNID", "O"), ("words", "O"), ("gloss", "O")]
    kinds += [("num_children", "<f8"), ("children", "O")]
    rows = [(i, wnid, "a word", "a gloss", 0, 0) for i, wnid in sorted(IDS.items())]
    rows += [(4, "n00", "a group", "of all", 3, [1, 2, 3])]
    synsets = np.array(rows, dtype=kinds)[:, None]
    savemat(folder / "meta.mat", {"synsets": synsets})


def labels(listing) -> list[str]:
    found = {path.rpartition("/")[2]: label for path, label in listing.splits["heldout"]}
    return [listing.classes[label] for _, label in sorted(found.items())]


def table(*rows: str) -> str:
    return "\n".join(rows) + "\n"


KAGGLE = table(
    "ImageId,PredictionString",
    *(f"{name},{c} 1 2 30 40 {c} 5 6 7 8 " for name, c in sorted(zip(NAMES, OF), reverse=True)),
)
WRITTEN = {
    "val/LOC_val_solution.csv": KAGGLE,
    "LOC_val_solution.csv": KAGGLE,
    "../LOC_val_solution.csv": KAGGLE,
    "imagenet_2012_validation_synset_labels.txt": table(*OF),
    "val.txt": table(*(f"{n}.JPEG {CLASSES.index(c)}" for n, c in zip(NAMES, OF))),
    "val/val_annotations.txt": table(*(f"{n}.JPEG\t{c}\t0\t1\t2\t3" for n, c in zip(NAMES, OF))),
    "val/metadata.csv": table("file_name,label", *(f"{n}.JPEG,{c}" for n, c in zip(NAMES, OF))),
    "val_labels.csv": "\ufeff" + table("file;label", *(f"{n};{c}" for n, c in zip(NAMES, OF))),
    "val_labels.txt": table(*(f"{n} {CLASSES.index(c)}.0" for n, c in zip(NAMES, OF))),
    "labels.csv": table(*(f"val/{n}.JPEG,{c}" for n, c in zip(NAMES, OF))),
    "val/metadata.jsonl": table(
        *(json.dumps({"file_name": f"{n}.JPEG", "label": c}) for n, c in zip(NAMES, OF))
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_a_file_of_labels_beside_the_images_is_found(unpacked, name):
    (unpacked / name).write_text(WRITTEN[name])
    listing = list_images(unpacked)
    assert labels(listing) == OF and listing.classes == [*CLASSES]
    assert len(listing.splits["train"]) == 6
    assert listing.told.endswith(f"from {name.rpartition('/')[2]}")


@pytest.mark.parametrize("place", ["", "val", "ILSVRC2012_devkit_t12/data"])
def test_imagenets_devkit_numbers_classes_in_its_own_order(unpacked, place):
    devkit(unpacked / place)
    assert labels(list_images(unpacked)) == OF


def test_imagenet_as_it_is_downloaded_is_read_as_torchvision_reads_it(tmp_path, monkeypatch):
    inner = {f"{c}.tar": tar_of({f"{c}_{i}.JPEG": png(i) for i in range(2)}) for c in CLASSES}
    (tmp_path / "ILSVRC2012_img_train.tar").write_bytes(tar_of(inner))
    flat = tar_of({f"{name}.JPEG": png(i) for i, name in enumerate(NAMES)})
    (tmp_path / "ILSVRC2012_img_val.tar").write_bytes(flat)
    with pytest.raises(ValueError, match=r"6 of 6 heldout images .*--heldout-labels"):
        list_images(tmp_path)
    devkit(tmp_path / "kit" / "ILSVRC2012_devkit_t12" / "data")
    with tarfile.open(tmp_path / "ILSVRC2012_devkit_t12.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "kit" / "ILSVRC2012_devkit_t12", "ILSVRC2012_devkit_t12")
    assert labels(list_images(tmp_path)) == OF
    monkeypatch.setattr(imagenet, "_verify_archive", lambda *_: None)  # its checksum
    imagenet.parse_devkit_archive(tmp_path)
    assert imagenet.load_meta_file(tmp_path)[1] == OF
    (tmp_path / "ILSVRC2012_devkit_t12.tar.gz").rename(tmp_path / "kit.tar.gz.devkit")
    listing = list_images(tmp_path, tmp_path / "kit" / "ILSVRC2012_devkit_t12")
    assert labels(listing) == OF and "from ILSVRC2012_devkit_t12;" in listing.told


def test_a_file_that_is_named_goes_before_one_that_is_found(unpacked, tmp_path):
    (unpacked / "val.txt").write_text(table(*(f"{n} 0" for n in NAMES)))
    moves = table("#!/bin/bash", "mkdir -p n01", *(f"mv {n}.JPEG {c}/" for n, c in zip(NAMES, OF)))
    (tmp_path / "valprep.sh").write_text(moves)
    assert labels(list_images(unpacked)) == ["n01"] * 6
    assert labels(list_images(unpacked, tmp_path / "valprep.sh")) == OF


def test_tiny_imagenets_folder_of_all_held_out_images(tmp_path):
    folder_of(tmp_path, *(f"train/{c}/images" for c in CLASSES))
    lines = []
    for i, c in enumerate(OF):
        write_kind(tmp_path / "val" / "images" / f"val_{i}.JPEG", "rgb.jpg", 8, 8)
        lines.append(f"val_{i}.JPEG\t{c}\t0\t32\t44\t62")
    with pytest.raises(ValueError, match=r"6 images of .*val are in no class: give the file"):
        list_images(tmp_path)
    (tmp_path / "val" / "val_annotations.txt").write_text(table(*lines))
    listing = list_images(tmp_path)
    assert labels(listing) == OF and listing.classes == [*CLASSES]


def test_an_imagefolder_of_hugging_face_has_its_labels_in_a_table(tmp_path):
    for split, count in (("train", 24), ("test", 12)):
        for i in range(count):
            write_kind(tmp_path / split / f"{i:02d}.png", "rgb.png", 8, 8)
        rows = [f'{i:02d}.png,"a, caption",{i % 12}' for i in range(count)]
        (tmp_path / split / "metadata.csv").write_text(table("file_name,text,label", *rows))
    listing = list_images(tmp_path)
    assert listing.classes == [str(i) for i in range(12)]  # in the order of numbers
    for rows in listing.splits.values():
        assert all(int(path[-6:-4]) % 12 == label for path, label in rows)
    assert "classes from metadata.csv" in listing.told


@pytest.mark.parametrize("place", ["", "train"])
def test_an_imagefolders_table_may_be_parquet(tmp_path, place):
    for i in range(4):
        write_kind(tmp_path / place / f"{i}.png", "rgb.png", 8, 8)
    columns = {"file_name": [f"{i}.png" for i in range(4)], "label": ["cat", "dog"] * 2}
    pq.write_table(pa.table(columns), tmp_path / place / "metadata.parquet")
    listing = list_images(tmp_path)
    assert listing.classes == ["cat", "dog"]
    assert listing.told.endswith("; classes from metadata.parquet")
    assert len(all_images(tmp_path).paths) == 4


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("labels.csv", "file_name,label\n{}.png,a\n{}.png,b\n{}.png,a\n{}.png,b\n", "labels.csv"),
        ("train.csv", "id,breed\n{},a\n{},b\n{},a\n{},b\n", "train.csv"),
        ("boxes.csv", "file_name,label\n{}.png,a\n{}.png,b\n", ""),
        ("captions.csv", "{}.png,a\n{}.png,b\n{}.png,c\n{}.png,d\n", ""),
    ],
)
def test_a_table_of_labels_that_is_not_read_is_said(tmp_path, name, text, told):
    for i in range(4):
        write_kind(tmp_path / "images" / f"{i}.png", "rgb.png", 8, 8)
    (tmp_path / name).write_text(text.format(*range(4)))
    end = f"without classes: {told} is not read; call it metadata.csv where it tells classes"
    assert list_images(tmp_path).told.endswith(end if told else "; without classes")


def test_captions_beside_class_folders_tell_no_class(tmp_path):
    folder_of(tmp_path, "train/a", "train/b")
    (tmp_path / "train" / "metadata.csv").write_text("file_name,text\na/0.png,one\n")
    assert list_images(tmp_path).classes == ["a", "b"]


def test_edms_data_set_has_its_labels_in_a_file(tmp_path):
    pairs = []
    for i in range(6):
        write_kind(tmp_path / f"{i // 4:05d}" / f"img{i:08d}.png", "rgb.png", 8, 8)
        pairs.append([f"{i // 4:05d}/img{i:08d}.png", i % 3])
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": pairs}))
    listing = list_images(tmp_path)
    assert listing.classes == ["0", "1", "2"]
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert all(int(path[-6:-4]) % 3 == label for path, label in rows) and len(rows) == 6


@pytest.mark.parametrize(
    "name, text, says",
    [
        ("l.csv", table("file_name,label", *(f"{n},n09" for n in NAMES)), "1 classes that train l"),
        ("l.txt", table(*OF[:5]), "has 5 labels, a line each, for 6 images"),
        (
            "l.txt",
            table(*(f"{n} {i}" for i, n in enumerate(NAMES, 1))),
            r"up to 6, and train has 3",
        ),
        (
            "l.csv",
            table("file_name,label", f"{NAMES[0]},n01"),
            "no class of 5 of 6 images, such as",
        ),
        ("l.csv", table("file_name,text", f"{NAMES[0]},n01"), "no column of labels"),
        ("l.csv", table("file_name,label", "a,b,c"), "cannot be read as .csv"),
        ("l.json", "[1, 2", "cannot be read as .json"),
        ("l.json", "[" * 9000, "cannot be read as .json"),
        ("l.json", '{"labels": [["a", [1]]]}', "is no pair of a name and a class"),
        ("l.jsonl", "[1]\n", "lines are no objects"),
        ("l.txt", "", "holds no labels"),
        ("l.png", "", r"is no file of labels; those are \.csv, \.tsv, \.txt, \.sh"),
        (TRUTH, "1\n2\n", "lacks meta.mat; put ILSVRC2012_devkit_t12.tar.gz, or"),
        ("devkit.tar.gz", "no tar", "cannot be read as a tar"),
        ("none.csv", None, "there is no such file"),
    ],
)
def test_what_leaves_a_class_in_doubt_is_refused(unpacked, tmp_path, name, text, says):
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=says) as error:
        list_images(unpacked, tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)


def test_a_file_of_labels_that_nobody_needs_is_refused(tmp_path):
    folder_of(tmp_path / "set", "train/a", "train/b", "val/a")
    (tmp_path / "l.csv").write_text("0.png,a\n1.png,b\n")
    with pytest.raises(ValueError, match=r"l\.csv: the folders of .*val tell its classes; leave"):
        list_images(tmp_path / "set", tmp_path / "l.csv")
    with pytest.raises(ValueError, match=r"l\.csv: .*train has no held-out split; leave it out"):
        list_images(tmp_path / "set" / "train", tmp_path / "l.csv")


FOUR = [f"{i}.png" for i in range(4)]
PLAIN = "file_name,label\n0.png,a\n1.png,b\n2.png,a\n3.png,b\n"


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.encode("utf-16"),
        "\ufeff" + PLAIN.replace(",", ";"),
        PLAIN.replace("\n", "\n.\\", 4),  # names as Windows has them
        PLAIN + "9.png,c\n",
        PLAIN + "0.png,a\n",
    ],
)
def test_a_table_of_labels_is_read_however_it_is_written(tmp_path, text):
    (tmp_path / "l.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    said = read_labels(tmp_path / "l.csv", FOUR, None)
    assert said == dict(zip(FOUR, "abab"))


def test_labels_that_are_numbers_are_whole_ones(tmp_path):
    (tmp_path / "l.csv").write_text(PLAIN.replace(",a", ",10.0").replace(",b", ",2.0"))
    assert set(read_labels(tmp_path / "l.csv", FOUR, None).values()) == {"10", "2"}
    assert [as_label(v) for v in ("-1", -1, "", " ", "3.0", 3.0, 0.5, "0", [1])] == [
        *(4 * [None]),
        *("3", "3", None, "0", None),
    ]


@pytest.mark.parametrize(
    "text, says",
    [
        (PLAIN + "0.png,b\n", "says twice of which class 0.png is, a and b; keep one"),
        (PLAIN.replace("3.png,b", ""), "tells no class of 1 of 4 images, such as 3.png; add"),
        (PLAIN.replace("3.png,b", "3.png,"), "tells no class of 1 of 4 images, such as 3.png"),
    ],
)
def test_a_set_that_its_own_table_does_not_tell_names_the_table(tmp_path, text, says):
    for name in FOUR:
        write_kind(tmp_path / name, "rgb.png", 8, 8)
    (tmp_path / "metadata.csv").write_text(text)
    with pytest.raises(ValueError, match=rf"metadata\.csv.* {says}"):
        list_images(tmp_path)


def test_a_table_of_captions_leaves_a_set_without_classes_which_is_said(tmp_path):
    for name in FOUR:
        write_kind(tmp_path / name, "rgb.png", 8, 8)
    (tmp_path / "metadata.csv").write_text(PLAIN.replace("label", "text"))
    listing = list_images(tmp_path)
    assert listing.classes == []
    assert listing.told.endswith("; without classes: metadata.csv tells none")
