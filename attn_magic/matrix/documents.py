"""A whole cell, or a whole file that was saved here, pasted as it is: the matrix in it, and what else it asks for."""

import re

from attn_magic.matrix.mistake import quote
from attn_magic.notices import Notice

_SAVED_HERE = re.compile(r"\s*(?:# Attention, step by step\s+|% )Made by attn_magic [0-9]")  # the first lines of Markdown and of LaTeX
_CELL = re.compile(r"^(?:(?P<fence>`{3,})\r?\n)?(?P<line>%%(?:masked_)?attention\b[^\r\n]*)\r?\n", re.MULTILINE)
_DEFAULT = re.compile(r"%%attention(?:\s+--seed 42)?\s*")


def find_matrix(text: str) -> tuple[str, list[Notice]]:
    r"""The text of the matrix, on the same lines, and a notice if the line of the magic above it says more than what is usual.

    >>> find_matrix("%%attention --seed 42\n1 2")
    ('\n1 2', [])
    """
    start = len(text) - len(text.lstrip())
    cell = _CELL.search(text) if _SAVED_HERE.match(text) else _CELL.match(text, start)
    if cell is None:
        return text, []
    end = len(text)
    if cell["fence"]:
        closing = re.compile(rf"^{cell['fence']}[ \t]*$", re.MULTILINE).search(text, cell.end())
        is_whole = closing and (_SAVED_HERE.match(text) or not text[closing.end() :].strip())
        end = closing.start() if closing and is_whole else end
    matrix = "\n" * text.count("\n", 0, cell.end()) + text[cell.end() : end]
    if _DEFAULT.fullmatch(cell["line"]):
        return matrix, []
    said = f"{quote(cell['line'].strip())} stands in the text and has no effect there: type it as the first line of the cell."
    return matrix, [Notice("ignored-option", said)]
