"""How do the tests ask ``scaling fit`` of a table? Tables of runs, and the command's outcome."""

from scaling.cli import main

HEAD = "params,tokens,loss"
COLUMNS = ("--n", "params", "--d", "tokens", "--loss", "loss")


def csv(path, runs, head: str = HEAD, **more):
    """``runs`` as a table whose columns bear someone else's names."""
    columns = [runs["n"], runs["d"], runs["loss"], *more.values()]
    rows = [",".join(str(v) for v in row) for row in zip(*columns)]
    path.write_text("\n".join([",".join([head, *more]), *rows]) + "\n")
    return path


def outcome(capsys, law, path, *more) -> tuple[int, str, str]:
    try:
        main([str(a) for a in ("fit", law, "--csv", path, *more)])
    except SystemExit as left:
        return left.code or 0, *capsys.readouterr()
    raise AssertionError("the command did not leave")


def refused(left: tuple[int, str, str], told: str) -> None:
    code, out, err = left
    assert code == 2
    assert out == ""
    assert err.startswith("error: ") and err.count("\n") == 1
    assert told in err
