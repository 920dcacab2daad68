"""Rows of cells, however they were typed, and the matrix of float32 they become."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, TypeAlias

from attn_magic.limits import MAX_TOKENS, find_excess
from attn_magic.matrix.body import Body
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import MISSING, OPERATOR, find_fault, number_notices, read_floats, round_floats
from attn_magic.notation import count
from attn_magic.notices import Notice

_LOOSE = re.compile(r"[^\s,]+")
_HOLE = re.compile(r",\s*,")


# What a comma between two digits means, everywhere or inside quotes alone; where nothing is said it separates cells.
Comma: TypeAlias = Literal["", "decimal", "thousands", "quoted decimal", "quoted thousands"]


@dataclass
class Reading:
    """A matrix as it was read, and where its labels and the names of its columns stand; in `body` everything is set aside that is neither."""

    body: Body
    values: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    notices: list[Notice] = field(default_factory=list)
    label_spans: list[tuple[int, int]] = field(default_factory=list)
    name_spans: list[tuple[int, int]] = field(default_factory=list)
    comma: Comma = ""


@dataclass(slots=True)
class Line:
    """The part of a line that holds cells. `label` is the span of a label that was set apart by a colon, an = or a bracket."""

    start: int
    text: str
    label: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """Where the part ends in the whole text."""
        return self.start + len(self.text)


@dataclass(slots=True)
class Row:
    """One row: its text, where that begins in the whole text, and its cells from `first` to before `last`; the others are labels.

    `separator` is the character between two cells; "" means any blanks, with at most one comma among them. `starts` says where each
    cell begins in `text` if that cannot be told from the separator.
    """

    start: int
    text: str
    separator: str
    cells: list[str]
    starts: list[int] = field(default_factory=list)
    first: int = 0
    last: int | None = None

    @property
    def numbers(self) -> list[str]:
        """The cells that are not labels."""
        return self.cells[self.first : self.last] if self.first or self.last is not None else self.cells

    def span(self, cell: int, end_cell: int | None = None) -> tuple[int, int]:
        """Where a cell (or a run of cells) stands in the whole text, without the blanks around it."""
        spans = list(islice(self._spans(), cell, cell + 1 if end_cell is None else end_cell))
        return (self.start + spans[0][0], self.start + spans[-1][1]) if spans else self.extent()

    def extent(self) -> tuple[int, int]:
        """Where the row stands in the whole text, without the blanks around it."""
        text = self.text.strip()
        start = self.start + len(self.text) - len(self.text.lstrip())
        return start, start + len(text)

    def spans(self) -> list[tuple[int, int]]:
        """Where each cell stands in the whole text, without the blanks around it."""
        return [(self.start + start, self.start + end) for start, end in self._spans()]

    def _spans(self) -> Iterator[tuple[int, int]]:
        position = 0
        for index, cell in enumerate(self.cells):
            if self.starts:
                position = self.starts[index]
            elif not self.separator:
                position = self.text.index(cell, position)
            text = cell.strip()
            start = position + len(cell) - len(cell.lstrip()) if text else position
            yield start, start + len(text)
            position += len(cell) + len(self.separator)


def split_strictly(text: str, start: int, separator: str) -> Row:
    """Grammar: row := cell (separator cell)*."""
    return Row(start, text, separator, text.split(separator))


def split_loosely(text: str, start: int, row: int | None = None) -> Row:
    """Grammar: row := cell ((blanks | blanks? "," blanks?) cell)*; a hole between two commas is a missing cell."""
    if "," not in text:
        return Row(start, text, "", text.split())
    stripped = text.strip()
    hole = _HOLE.search(text)
    if hole or stripped[:1] == ",":
        position = start + (hole.end() - 1 if hole and stripped[:1] != "," else text.index(","))
        before = text[: position - start]
        cell = len(_LOOSE.findall(before)) + 1
        raise Mistake("missing-cell", _in_cell("A number is missing", row, cell), MISSING, position, position, row=row, cell=cell)
    return Row(start, text, "", _LOOSE.findall(text))


def _in_cell(headline: str, row: int | None, cell: int) -> str:
    return f"{headline} in row {row}, cell {cell}" if row else headline


def check_size(rows: int, columns: int) -> None:
    """Refuses what would not fit into memory."""
    excess = find_excess(rows, columns)
    if excess and rows > columns:
        raise Mistake("too-large", excess, f"Every token looks at every token: type fewer rows. {MAX_TOKENS:,} are the most that fit.")
    if excess:
        raise Mistake("too-large", excess, "Every feature meets every feature in the weights: type fewer numbers in a row.")


def read_values(rows: Sequence[Row]) -> tuple[tuple[tuple[float, ...], ...], list[Notice]]:
    """The numbers of all rows, each rounded to float32, and what the rounding changed."""
    width = len(rows[0].numbers)
    check_size(len(rows), width)
    values: list[tuple[float, ...]] = []
    notices: dict[str, Notice] = {}
    for number, row in enumerate(rows, 1):
        cells = row.numbers
        if not cells:
            raise Mistake("missing-cell", f"Row {number} has no numbers", MISSING, *row.extent(), row=number)
        floats = read_floats(cells)
        rounded = None if floats is None else round_floats(floats)
        if rounded is None:
            raise blame(row, number)
        if len(cells) != width:
            raise ragged(row, number, len(cells), width)
        values.append(tuple(rounded))
        notices |= {notice.code: notice for notice in number_notices(cells, rounded) if notice.code not in notices}
    return tuple(values), list(notices.values())


def ragged(row: Row, number: int, width: int, expected: int) -> Mistake:
    """The mistake of a row that is shorter or longer than the first."""
    return Mistake(
        "ragged",
        f"Row {number:,} has {count(width, 'number')}, but row 1 has {expected:,}",
        "Every row is one token, so all rows need the same length.",
        *row.extent(),
        row=number,
    )


def blame(row: Row, number: int) -> Mistake:
    """The mistake in the first cell of this row that is not a finite float32."""
    cells = row.numbers
    wrong = next((index for index, cell in enumerate(cells) if not _is_good(cell)), None)
    if wrong is None:
        return Mistake(
            "ambiguous",
            f"Row {number:,} is not plainly numbers, nor a label and numbers",
            'Type all rows the same way, and put quotes around labels, as in "1.5" 2 3.',
            *row.extent(),
            row=number,
        )
    start, _ = row.span(row.first + wrong)
    operator = _find_operator(row, cells, wrong)
    if operator:
        return Mistake("operator", operator, OPERATOR, start, start + 1, row=number, cell=wrong + 1)
    fault = find_fault(cells[wrong].strip())
    headline = fault.headline
    if fault.code == "missing-cell":
        headline = f"{fault.headline} in row {number:,}, cell {wrong + 1:,}"
    return Mistake(fault.code, headline, fault.advice, start + fault.start, start + fault.end, row=number, cell=wrong + 1)


def _is_good(cell: str) -> bool:
    floats = read_floats([cell])
    return floats is not None and round_floats(floats) is not None


def _find_operator(row: Row, cells: Sequence[str], wrong: int) -> str | None:
    """A sign that stands alone before another cell is neither a number nor plainly the sign of the next one."""
    sign = cells[wrong].strip()
    if row.separator or sign not in ("+", "-") or wrong + 1 == len(cells):
        return None
    neighbours = f"between {quote(cells[wrong - 1])} and {quote(cells[wrong + 1])}" if wrong else f"before {quote(cells[1])}"
    return f'"{sign}" stands alone {neighbours}'
