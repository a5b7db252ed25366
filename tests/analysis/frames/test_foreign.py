"""Is a table read as its writer meant it, and refused by line and column where that is unknown?"""

import pytest

from analysis.frames.foreign import read_table
from tests.analysis.frames.samples import table_of

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
    "names in a comment and blank space, as numpy writes": "# " + PLAIN.replace(",", " "),
    "blank space between cells": PLAIN.replace(",", "   "),
    "Excel's line that names the separator": "sep=;\n" + PLAIN.replace(",", ";"),
    "Markdown": "| n | d | loss |\n|---|:--:|--:|\n| 10 | 100 | 1.5 |\n| 20 | 200 | 1.25 |\n",
    "an empty last column": "n,d,loss,\n10,100,1.5,\n20,200,1.25,\n",
    "no last line end": PLAIN.rstrip(),
    "exponents": "n,d,loss\n1e1,1E+2,15e-1\n2e1,2E+2,.125e1\n",
}


@pytest.mark.parametrize("how", ALIKE)
def test_the_same_table_is_read_however_it_is_written(tmp_path, how):
    read = table_of(tmp_path, ALIKE[how])
    assert read.columns == ["n", "d", "loss"]
    assert (read["n"].to_list(), read["d"].to_list(), read["loss"].to_list()) == (N, D, LOSS)


def test_a_number_that_is_none_stays_one_for_its_reader_to_refuse(tmp_path):
    assert table_of(tmp_path, "d,x\n1,a\nNaN,b\n")["d"].is_nan().to_list() == [False, True]


def test_a_folder_and_a_file_that_is_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="is a folder, no table"):
        read_table(tmp_path)
    with pytest.raises(ValueError, match=r"there is no file .*none\.csv"):
        read_table(tmp_path / "none.csv")
