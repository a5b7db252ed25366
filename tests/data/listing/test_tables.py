"""Are the images in Hugging Face's tables those that were written, with their labels?"""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from scaling.data.listing import list_images, read_bytes, tables
from tests.data.listing.test_tars import png

NAMES = ["cat", "dog", "ape"]


def table(first: int, count: int, label="label", image="image", names=NAMES, struct=True):
    numbers = range(first, first + count)
    images = [{"bytes": png(i), "path": f"{i}.png"} if struct else png(i) for i in numbers]
    columns = {image: images, label: [i % 3 for i in numbers]}
    features = {image: {"_type": "Image"}, label: {"names": names, "_type": "ClassLabel"}}
    said = {"huggingface": json.dumps({"info": {"features": features}})} if names else {}
    return pa.table(columns).replace_schema_metadata(said)


def levels(listing, split):
    return [
        Image.open(io.BytesIO(read_bytes(listing.folder, path))).getpixel((0, 0))[0]
        for path, _ in listing.splits[split]
    ]


def test_parquet_as_on_the_hub(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "HELD_BYTES", 1)  # row groups are read again and again
    (tmp_path / "data").mkdir()
    for i in range(2):
        path = tmp_path / "data" / f"train-{i:05d}-of-00002-0badf00d.parquet"
        pq.write_table(table(10 * i, 10), path, row_group_size=4)
    pq.write_table(table(100, 3), tmp_path / "data" / "test-00000-of-00001.parquet")
    (tmp_path / "README.md").touch()
    listing = list_images(tmp_path)
    assert (
        listing.classes == NAMES
        and listing.told == "23 files: 23 images; beside the archives: .md 1"
    )
    assert levels(listing, "train") == list(range(20))
    assert levels(listing, "heldout") == [100, 101, 102]
    numbers = [*range(10), *range(10, 20)]
    assert [label for _, label in listing.splits["train"]] == [i % 3 for i in numbers]


def test_arrow_as_saved_to_disk(tmp_path):
    for split, first in (("train", 0), ("validation", 30)):
        (tmp_path / split).mkdir()
        with pa.OSFile(str(tmp_path / split / "data-00000-of-00001.arrow"), "wb") as sink:
            made = table(first, 9)
            with pa.ipc.new_stream(sink, made.schema) as writer:
                writer.write_table(made, max_chunksize=4)
        (tmp_path / split / "cache-0123.arrow").write_bytes(b"")
        (tmp_path / split / "state.json").touch()
    listing = list_images(tmp_path)
    assert levels(listing, "train") == list(range(9))
    assert levels(listing, "heldout") == list(range(30, 39))


def test_without_names_or_a_split_labels_are_numbers_and_some_are_held_out(tmp_path):
    pq.write_table(
        table(0, 12, "fine_label", "img", names=None, struct=False), tmp_path / "a.parquet"
    )
    listing = list_images(tmp_path / "a.parquet")
    assert listing.classes == ["0", "1", "2"] and len(listing.splits["heldout"]) == 3
    assert all(
        level % 3 == label
        for level, (_, label) in zip(levels(listing, "train"), listing.splits["train"])
    )


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_bytes_may_be_of_either_length(kind, tmp_path):
    images = pa.array([{"bytes": png(i)} for i in range(6)], pa.struct([("bytes", kind)]))
    pq.write_table(pa.table({"image": images, "label": [0, 1] * 3}), tmp_path / "train.parquet")
    listing = list_images(tmp_path)
    assert sorted(levels(listing, "train") + levels(listing, "heldout")) == list(range(6))


@pytest.mark.parametrize("said", [b"{none", b"[1]", b'{"info": 3}', b'{"info": {"features": [1]}}'])
def test_what_others_say_under_hugging_faces_key_is_passed_over(said, tmp_path):
    made = table(0, 6, names=None).replace_schema_metadata({b"huggingface": said})
    pq.write_table(made, tmp_path / "train.parquet")
    assert list_images(tmp_path).classes == ["0", "1", "2"]


def test_labels_may_be_the_names_themselves(tmp_path):
    made = table(0, 6)
    words = pa.array([NAMES[i % 3] for i in range(6)])
    made = made.set_column(made.schema.get_field_index("label"), "label", words)
    pq.write_table(made, tmp_path / "train.parquet")
    listing = list_images(tmp_path)
    assert listing.classes == NAMES
    rows = listing.splits["train"] + listing.splits["heldout"]
    assert sorted(label for _, label in rows) == [0, 0, 1, 1, 2, 2]


def test_damage_within_a_table_is_named_in_a_line(tmp_path):
    path = tmp_path / "train.parquet"
    for columns in (["label", "image"], ["image", "label"]):
        pq.write_table(table(0, 60).select(columns), path)
        content = bytearray(path.read_bytes())
        content[4:40] = bytes(byte ^ 0x5A for byte in content[4:40])  # the first column's header
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"train\.parquet cannot be read as a table") as error:
            read_bytes(tmp_path, list_images(tmp_path).splits["train"][0][0])
        assert "\n" not in str(error.value)


def test_a_table_without_labels_is_a_set_without_classes(tmp_path):
    pq.write_table(table(0, 6).drop_columns("label"), tmp_path / "train.parquet")
    listing = list_images(tmp_path)
    assert listing.classes == [] and sum(map(len, listing.splits.values())) == 6
    assert listing.told == (
        "6 files: 6 images; without classes; train.parquet has no column of labels among image"
    )
    assert read_bytes(tmp_path, listing.splits["train"][0][0])


def test_what_is_missing_is_named(tmp_path):
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "train.parquet")
    with pytest.raises(ValueError, match=r"no column of Images among text; name it 'image'"):
        list_images(tmp_path)
    pixels = pa.table({"image": [[0.0, 1.0]], "label": [0]})
    pq.write_table(pixels, tmp_path / "train.parquet")
    with pytest.raises(ValueError, match=r"column image of .* holds list.*not the bytes"):
        list_images(tmp_path)
    (tmp_path / "train.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(ValueError, match=r"train.parquet cannot be read as a table"):
        list_images(tmp_path)
    (tmp_path / "train.parquet").unlink()
    for name in ("full", "mini"):
        (tmp_path / name).mkdir()
        pq.write_table(table(0, 6), tmp_path / name / "train-0.parquet")
    with pytest.raises(ValueError, match=r"several folders \(full, mini\).*give one"):
        list_images(tmp_path)
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    images = pa.array([{"bytes": None, "path": "x.png"}] * 6, kind)
    paths = pa.table({"image": images, "label": [0, 1] * 3})
    pq.write_table(paths, tmp_path / "paths.parquet")
    listing = list_images(tmp_path / "paths.parquet")
    with pytest.raises(ValueError, match="no image in row 2, only a path"):
        read_bytes(tmp_path, "paths.parquet::2")
    assert listing.classes == ["0", "1"]
