"""Is a column of numbers read as its writer meant it, and refused where that would be a guess?"""

import pytest

from tests.analysis.frames.samples import table_of


@pytest.mark.parametrize(
    "text, column, values",
    [
        ('d,x\n"1,000",a\n"1,234,567",b\n', "d", [1000, 1234567]),
        ("d;x\n1.234.567,5;a\n0,5;b\n", "d", [1234567.5, 0.5]),
        ('d,x\n"1,000",0.5\n"2,000",1\n', "d", [1000, 2000]),
        ("d;x\n1,234;0,5\n2,345;1\n", "d", [1.234, 2.345]),
        ("d,x\n\u22121,a\n2,b\n", "d", [-1, 2]),
        ("d,x\n1\u2009000,a\n2,b\n", "d", [1000, 2]),
        ("d,x\n\u2014,a\n2,b\n", "d", [None, 2]),
        ("d,x\n1 000,a\n1\u202f234\u00a0567,b\n", "d", [1000, 1234567]),
        ("d,x\n1'000,a\n2,b\n", "d", [1000, 2]),
        ("d,x\n1,a\nNULL,b\nn/a,c\n,d\n", "d", [1, None, None, None]),
        ("d,x\n1,a\ninf,b\n", "d", [1.0, float("inf")]),
        ("d,x\n1,a\n,b\n", "x", ["a", "b"]),
        ("d,x\nnull,a\n,b\n", "d", [None, None]),
        ("d,prüfung\n1,grün\n".encode("latin-1"), "prüfung", ["grün"]),
        ("State,loss\n Finished ,1\nCRASHED,2\n,3\n", "state", ["completed", "failed", None]),
        ("state,x\nTERMINATED,1\nCANCELLED by 7,2\n", "state", ["completed", "stopped"]),
        ("Status,x\nFINISHED,1\nFAILED,2\n", "state", ["completed", "failed"]),
        ("status,state\nfailed,done\n", "state", ["completed"]),
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
    assert table_of(tmp_path, text)[column].to_list() == values


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
        ('n,loss\n"1,234",2\n', "column 'n', line 2: '1,234' may be 1234 or 1.234"),
        ("n;loss\n1.234;3,5\n2.345;3,4\n", "column 'n', line 2: '1.234' may be 1234 or 1.234"),
        ('[{"n": 1}]', "it is JSON"),
        ("<table><tr>", "it is HTML"),
        (b"\x80\x04rest", "a pickle"),
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
        table_of(tmp_path, text)
    assert "runs.csv" in str(error.value) and "\n" not in str(error.value)
