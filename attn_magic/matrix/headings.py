"""A first row of numbers that may be no row: years or counters above the columns, the size of what follows, a caption with a number."""

from collections.abc import Sequence

from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.rows import Row
from attn_magic.matrix.words import are_consecutive, is_caption, is_quoted, made_here, text_of


def is_heading(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """Whether the first of these rows, which have no names above them, can be a heading of the others."""
    if len(rows) < 2 or made_here(text_of(rows[0].cells[0])):
        return False
    rules = (_is_unlabelled, _is_caption, _are_years_alone, _is_numbered, _is_caption_of_a_column) if labels else (_is_size, _are_numbered_columns)
    return any(rule(rows, labels) for rule in rules)


def _is_unlabelled(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """Numbers without a label above rows that all have one: "3 2", the size in a file of word2vec."""
    return all(labels[1:]) and not rows[0].first and rows[0].last is None


def _is_caption(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """The name of a column of labels before numbers: "token 2019 2020". In quotes, among bare ones, it is a label."""
    picked = is_quoted(rows[0].cells[0]) and not all(is_quoted(row.cells[0]) for row in rows)
    return all(labels[1:]) and is_caption(labels[0]) and not picked


def _are_years_alone(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """Years behind any word, above rows without years."""
    return all(labels[1:]) and _are_years(rows[0].numbers) and not any(_are_years(row.numbers) for row in rows[1:])


def _is_numbered(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """A number in the place of a label above words alone."""
    return len(rows) > 2 and is_numeral(labels[0]) and not any(map(is_numeral, labels[1:]))


def _is_caption_of_a_column(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """A word and a number above a column of bare numbers: "scale 1000"."""
    return bool(labels[0]) and len(rows[0].numbers) == 1 and not any(labels[1:])


def _is_size(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """The number of rows below and of their columns."""
    return len(rows) > 2 and [cell.strip() for cell in rows[0].numbers] == [str(len(rows) - 1), str(len(rows[0].cells))]


def _are_numbered_columns(rows: Sequence[Row], labels: Sequence[str]) -> bool:
    """Years, or 0, 1, 2, …, above decimals alone, as pandas writes a file of numbered columns without its index."""
    numbers = rows[0].numbers
    numbered = _are_years(numbers) or (are_consecutive(numbers) and numbers[0].strip() == "0")
    return numbered and len(rows) > 2 and all("." in cell for row in rows[1:] for cell in row.cells)


def _are_years(numbers: Sequence[str]) -> bool:
    return are_consecutive(numbers) and all(1800 <= int(cell) <= 2200 for cell in numbers)
