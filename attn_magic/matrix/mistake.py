"""A mistake as the parser finds it, and the message a reader gets: what is wrong, the line, a caret, what to type instead."""

import re
import unicodedata

from attn_magic.errors import MatrixError
from attn_magic.notation import format_label

QUOTE_LIMIT = 80  # characters of the reader's text repeated in a sentence
WINDOW = 72  # columns of a line shown above the caret
LINE_BREAK = re.compile("\r\n|[\n\r\v\f\u0085\u2028\u2029]")


class Mistake(Exception):
    """What is wrong, known where it is found; positions count characters of the whole text from 0."""

    def __init__(
        self, code: str, headline: str, advice: str, start: int | None = None, end: int | None = None, row: int | None = None, cell: int | None = None
    ) -> None:
        super().__init__(headline)
        self.code = code
        self.headline = headline  # one sentence without its full stop
        self.advice = advice
        self.start = start
        self.end = end
        self.row = row
        self.cell = cell


def quote(text: str) -> str:
    """The reader's own text inside a sentence: escaped, and cut when it is long."""
    shown = format_label(text[: QUOTE_LIMIT + 1])
    mark = "'" if '"' in shown and "'" not in shown else '"'
    return f"{mark}{shown}{mark}" if len(shown) <= QUOTE_LIMIT else f"{mark}{shown[: QUOTE_LIMIT - 1]}…{mark}"


def explain(mistake: Mistake, typed: str) -> MatrixError:
    """The error for the reader: the mistake with its line and caret."""
    headline, advice = mistake.headline, mistake.advice
    if mistake.start is None:
        message = f"{headline}.\n{advice}"
        return MatrixError(message, code=mistake.code, row=mistake.row, cell=mistake.cell)
    start = min(mistake.start, len(typed))
    number, line_start, line = _line_at(typed, start)
    column = start - line_start
    end_column = max(column + 1, min((mistake.end or start) - line_start, len(line)))
    message = f"{headline} (line {number}).\n{point(line, column, end_column)}\n{advice}"
    return MatrixError(message, code=mistake.code, line=number, column=column + 1, end_column=end_column, row=mistake.row, cell=mistake.cell)


def _line_at(typed: str, position: int) -> tuple[int, int, str]:
    """The number of the line at `position`, where that line starts, and its text."""
    number, start, end = 1, 0, len(typed)
    for line_break in LINE_BREAK.finditer(typed):
        if line_break.end() > position:
            end = line_break.start()
            break
        number, start = number + 1, line_break.end()
    return number, start, typed[start:end]


def point(line: str, column: int, end_column: int) -> str:
    """The line and, under it, a caret that ends at the last wrong character; both indented.

    >>> print(point("[4, 5]", 0, 6))
        [4, 5]
        ~~~~~^
    """
    first = min(len(line) - len(line.lstrip()), column)
    last = max(len(line.rstrip()), min(end_column, len(line)))
    before = after = ""
    if last - first > WINDOW or sum(map(width_shown, line[first:last])) > WINDOW:
        start, end = _window(first, last, column, end_column)
        before, after = "…" * (start > first), "…" * (end < last)
        first, last = start, end
    shown = before + "".join(map(_show, line[first:last])) + after
    left = len(before) + sum(map(width_shown, line[first:column]))
    under = sum(map(width_shown, line[column : min(end_column, last)])) or 1
    return f"    {shown}\n    {' ' * left}{'~' * (under - 1)}^"


def _window(first: int, last: int, column: int, end_column: int) -> tuple[int, int]:
    """The part of a long line that is shown: the wrong place, and what stands around it."""
    room = WINDOW - min(end_column - column, WINDOW)
    end = min(last, max(first, column - room // 2) + WINDOW)
    return max(first, min(column, end - WINDOW)), end


def _show(character: str) -> str:
    return " " if character == "\t" else format_label(character)


def _width(character: str) -> int:
    if unicodedata.combining(character) or character in "\u200c\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def width_shown(character: str) -> int:
    """Columns a character takes on screen once it is made visible."""
    shown = _show(character)
    return _width(character) if shown == character else len(shown)
