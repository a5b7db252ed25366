"""Do layout and words leave code the same, and nothing else?"""

import pytest

from scaling.study.families.outside.code_text import code_text

CODE = '''
def gain(x, scale=2):
    """Doubles."""
    # twice
    y = f"{x!r:>{scale}} {{}}"
    return not x, y, scale * (
        x
        + 1
    )
'''


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace('    """Doubles."""\n', ""),
        CODE.replace("    # twice\n", "\n\n"),
        CODE.replace("(\n        x\n        + 1\n    )", "(x + 1)"),
        CODE.replace("    ", "  "),
        CODE.replace("scale=2", "scale = 2"),
    ],
)
def test_layout_and_words_are_no_code(same):
    assert same != CODE and code_text(same) == code_text(CODE)


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("scale=2", "scale=3"),
        CODE.replace("not x", "x"),
        CODE.replace('f"{x!r', 'f"{y!r'),
        CODE.replace("    return", "    if x:\n        x = 1\n    return"),
        CODE.replace(' {{}}"', ' {{x}}"'),
    ],
)
def test_all_else_is(other):
    assert other != CODE and code_text(other) != code_text(CODE)


def test_a_block_that_ends_earlier_is_other_code():
    inside = "if a:\n    b()\n    c()\n"
    assert code_text(inside) != code_text("if a:\n    b()\nc()\n")


def test_a_string_that_is_used_stays():
    assert code_text('x = "a"\n') != code_text('x = "b"\n')
    assert code_text('f(\n    "a"\n)\n') != code_text('f(\n    "b"\n)\n')
