"""Is a table read as its writer meant it, and refused by line and column where that is unknown?"""

import pytest

from analysis.frames.foreign import read_table

PLAIN = "n,d,loss\n10,100,1.5\n20,200,1.25\n"
N, D, LOSS = [10, 20], [100, 200], [1.5, 1.25]

ALIKE = {
    "plain": PLAIN,
    "a space after a comma": PLAIN.replace(",", ", "),
    "spaces before": PLAIN.replace(",", "  ,"),
    "blank last lines": PLAIN + "\n\n,,\n  \n",
    "blank first lines": "\n\n" + PLAIN,
    "Windows line ends": PLAIN.replace("\n", "\r\n"),
    "line ends of an old Mac": PLAIN.replace("\n", "\r"),
    "a byte order mark": "\ufeff" + PLAIN,
    "UTF-16": PLAIN.encode("utf-16"),
    "semicolons": PLAIN.replace(",", ";"),
    "tabs": PLAIN.replace(",", "\t"),
    "bars": PLAIN.replace(",", "|"),
    "semicolons and decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "quoted numbers": 'n,d,loss\n"10","100","1.5"\n"20","200","1.25"\n',
    "quoted names": '"n","d","loss"\n10,100,1.5\n20,200,1.25\n',
    "comments": "# of last week\n" + PLAIN.replace("\n20", "\n# a second\n20"),
    "names in a comment, as numpy writes": "# " + PLAIN,
    "an empty last column": "n,d,loss,\n10,100,1.5,\n20,200,1.25,\n",
    "no last line end": PLAIN.rstrip(),
    "exponents": "n,d,loss\n1e1,1E+2,15e-1\n2e1,2E+2,.125e1\n",
}


def table(tmp_path, text):
    path = tmp_path / "runs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_table(path)


@pytest.mark.parametrize("how", ALIKE)
def test_the_same_table_is_read_however_it_is_written(tmp_path, how):
    read = table(tmp_path, ALIKE[how])
    assert read.columns == ["n", "d", "loss"]
    assert (read["n"].to_list(), read["d"].to_list(), read["loss"].to_list()) == (N, D, LOSS)


@pytest.mark.parametrize(
    "text, column, values",
    [
        ('d,x\n"1,000",a\n"1,234,567",b\n', "d", [1000, 1234567]),
        ("d;x\n1.234.567,5;a\n0,5;b\n", "d", [1234567.5, 0.5]),
        ("d,x\n1 000,a\n1\u202f234\u00a0567,b\n", "d", [1000, 1234567]),
        ("d,x\n1'000,a\n2,b\n", "d", [1000, 2]),
        ("d,x\n1,a\nNULL,b\nn/a,c\n,d\n", "d", [1, None, None, None]),
        ("d,x\n1,a\ninf,b\n", "d", [1.0, float("inf")]),
        ("d,x\n1,a\n,b\n", "x", ["a", "b"]),
        ("d,x\nnull,a\n,b\n", "d", [None, None]),
        ("d,prüfung\n1,grün\n".encode("latin-1"), "prüfung", ["grün"]),
        ("State,loss\n Finished ,1\nCRASHED,2\n,3\n", "state", ["completed", "failed", None]),
        ("Loss,x\n1,a\n", "loss", [1]),
        ("Loss,x\n1,a\n", "Loss", [1]),
        (",x\n0,a\n1,b\n", "column 1", [0, 1]),
        ("x,note\n1,'a, quote'\n".replace("'", '"'), "note", ["a, quote"]),
        ('x,note\n1,"a\n# b\n\nc"\n# none\n2,d\n', "note", ["a\n# b\n\nc", "d"]),
        ('"note\n# of",x\na,1\n', "x", [1]),
        ("d\n99999999999999999999\n", "d", [1e20]),
        ("d,x\n1,a\n1.5k,b\n", "d", ["1", "1.5k"]),
    ],
)
def test_a_column_is_what_its_writer_meant(tmp_path, text, column, values):
    assert table(tmp_path, text)[column].to_list() == values


@pytest.mark.parametrize(
    "text, says",
    [
        ("", "is no CSV table: it is empty"),
        ("\n \n", "is empty"),
        ("n,loss,loss\n1,2,3\n", r"line 1: columns 2 and 3 are both called 'loss'"),
        ("n,loss\n1,2\n\n3\n", r"line 4: 1 cells, and the line of names has 2"),
        ("n,loss\n1,2,3\n", r"line 2: 3 cells"),
        ("1,2\n3,4\n", "line 1: there is no line of names"),
        ("n;loss\n1,234;2\n", r"column 'n', line 2: '1,234' may be 1234 or 1.234"),
        ('n,loss\n"1,2\n3,4\n', "line 2: .*quote not closed"),
        ("State,STATE\na,b\n", "State and STATE may both be 'state'"),
        ("n,state\n1,completed\n2,Bavaria\n", "row 2: 'bavaria' is no state of a run"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\x1f\x8brest", "compressed by gzip"),
        (b"n,loss\n1,\x00\n", "line 2 holds a zero byte"),
    ],
)
def test_what_would_be_a_guess_is_refused_where_it_stands(tmp_path, text, says):
    with pytest.raises(ValueError, match=says) as error:
        table(tmp_path, text)
    assert "runs.csv" in str(error.value) and "\n" not in str(error.value)


def test_a_number_that_is_none_stays_one_for_its_reader_to_refuse(tmp_path):
    assert table(tmp_path, "d,x\n1,a\nNaN,b\n")["d"].is_nan().to_list() == [False, True]


def test_a_folder_and_a_file_that_is_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="is a folder, no table"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match=r"there is no file .*none\.csv"):
        read_table(tmp_path / "none.csv")
