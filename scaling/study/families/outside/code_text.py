"""Which part of Python source is code? Its tokens, without comments, docstrings and layout.

The text is the same under every version of Python that the suite supports. Newer versions split an
f-string into several tokens; here it is one token, taken verbatim from the source.
"""

import io
import itertools
import tokenize
from collections.abc import Iterator

FSTRING_START = getattr(tokenize, "FSTRING_START", None)  # Python 3.12 or newer
FSTRING_END = getattr(tokenize, "FSTRING_END", None)
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.ENDMARKER, tokenize.ENCODING}
MARKS = {tokenize.INDENT: "{", tokenize.DEDENT: "}", tokenize.NEWLINE: "\n"}


def code_text(source: str) -> str:
    """The code of whole statements.

    It is equal for two sources that differ only in layout, comments and docstrings.
    """
    parts: list[str] = []
    before, silent = tokenize.NEWLINE, False
    tokens = [*_tokens(source), (tokenize.NEWLINE, "")]
    for (kind, text), (following, _) in itertools.pairwise(tokens):
        # A string that is a statement of its own, such as a docstring, does nothing.
        alone = kind == tokenize.STRING and before in MARKS and following == tokenize.NEWLINE
        if not alone and not silent:
            parts.append(MARKS.get(kind, text))
        before, silent = kind, alone  # the end of its line is dropped too
    return " ".join(parts)


def _tokens(source: str) -> Iterator[tuple[int, str]]:
    """(kind, text) of each token; an f-string is one STRING token."""
    lines = source.splitlines(keepends=True)
    begun, depth = (0, 0), 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == FSTRING_START:
            begun = token.start if depth == 0 else begun
            depth += 1
        elif token.type == FSTRING_END:
            depth -= 1
            if depth == 0:
                yield tokenize.STRING, _between(lines, begun, token.end)
        elif depth == 0 and token.type not in SILENT:
            yield token.type, token.string


def _between(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> str:
    """The source from ``start`` to ``end``, each (row from 1, column)."""
    text = "".join(lines[start[0] - 1 : end[0]])
    return text[start[1] : len(text) - (len(lines[end[0] - 1]) - end[1])]
