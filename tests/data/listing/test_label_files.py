"""Is each line of a file of labels read as the name and the class that its writer meant?"""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scaling.data.listing.label_files import rows_of

ROWS = [("a.png", "cat"), ("b.png", "dog")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("l.csv", "file_name,label\na.png,cat\nb.png,dog\n"),
        ("l.csv", "a.png,cat\nb.png,dog\n"),
        ("l.csv", "label;caption;file\ncat;'a; b';a.png\n".replace("'", '"') + "dog;;b.png\n"),
        ("l.tsv", "ImageId\tPredictionString\na.png\tcat\nb.png\tdog\n"),
        ("l.txt", "# of last week\na.png cat 1 2\n\nb.png dog\n"),
        ("l.sh", "#!/bin/sh\nmkdir cat\nmv a.png val/cat/\n  mv b.png dog\n"),
        ("l.json", json.dumps(dict(ROWS))),
        ("l.json", json.dumps({"labels": ROWS})),
        (
            "l.jsonl",
            '{"file_name": "a.png", "label": "cat"}\n\n{"label": "dog", "file_name": "b.png"}',
        ),
    ],
)
def test_a_name_and_its_class_are_read_from_each_kind(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert rows_of(tmp_path / name) == ROWS


def test_a_class_that_is_null_is_none_and_no_class_of_that_name(tmp_path):
    (tmp_path / "l.json").write_text('{"a.png": null, "b.png": 3}')
    assert rows_of(tmp_path / "l.json") == [("a.png", ""), ("b.png", "3")]
    lines = '{"file_name": "a.png", "label": null}\n{"file_name": "b.png"}\n'
    (tmp_path / "l.jsonl").write_text(lines)
    assert rows_of(tmp_path / "l.jsonl") == [("a.png", ""), ("b.png", "")]


def test_columns_of_a_table_are_read(tmp_path):
    file = tmp_path / "metadata.parquet"
    columns = {
        "text": ["x"] * 4,
        "file_name": ["a", "b", None, "d"],
        "label": [1.0, None, 2.0, 3.0],
    }
    pq.write_table(pa.table(columns), file)
    assert rows_of(file) == [("a", "1.0"), ("b", ""), ("d", "3.0")]
    pq.write_table(pa.table({"file_name": ["a"], "text": ["x"]}), file)
    assert rows_of(file) is None
    file.write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"metadata\.parquet cannot be read as a table"):
        rows_of(file)


def test_captions_are_no_labels(tmp_path):
    (tmp_path / "l.csv").write_text("file_name,text\na.png,a cat\n")
    (tmp_path / "l.jsonl").write_text('{"file_name": "a.png", "text": "a cat"}')
    (tmp_path / "l.json").write_text('{"labels": null}')
    assert [rows_of(tmp_path / f"l.{kind}") for kind in ("csv", "jsonl", "json")] == [None] * 3


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("l.csv", "file,label\na.png,cat\nb,c.png,dog\n", "line 'b, c.png, dog' has 3 cells, but "),
        (
            "l.csv",
            "file,label\na.png\n",
            "the line 'a.png' has 1 cells, but the first line has 2; q",
        ),
        (
            "l.jsonl",
            '{"file": "a", "label": 1}\n{"label": 2}',
            "object 2 has no file, but the first",
        ),
        ("l.json", "3", "labels are no list of pairs"),
    ],
)
def test_a_line_that_lacks_a_cell_is_told(tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=says) as error:
        rows_of(tmp_path / name)
    assert name in str(error.value) and "\n" not in str(error.value)
