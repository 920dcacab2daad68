"""The last step: every number that was typed is a value of the matrix, or stands where a number may stand.

What is read here is the text itself, not what the steps before have cut out of it. Without the parts that were set aside, and without labels
and names, the numbers that are left are the values, in their order. One more or one less is a mistake of the text, or of this parser.
"""

import re
from array import array
from collections.abc import Iterator
from itertools import chain

from attn_magic.matrix.body import Aside, blank
from attn_magic.matrix.comments import check_comments
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import DECIMAL, INTEGER, is_numeral, read_numeral
from attn_magic.matrix.rows import Comma, Reading
from attn_magic.matrix.words import are_enumerated, find_loose_number, is_quoted
from attn_magic.notation import count
from attn_magic.notices import Notice

_CHUNK = 2**16  # characters read at once: few enough to take no memory, many enough to take no time
_BREAK = re.compile(r"(?<![-+\s])[\s,;|&\])]")  # between two numbers, and not between a sign and its number
_NAME = re.compile(r"[A-Za-z]+-[0-9]+")  # GPT-2, among other words
_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")
_THOUSANDS_POINT = re.compile(r"(?<=[0-9])\.(?=[0-9]{3})")
_QUOTED_NUMBER = re.compile(r"\"[-+0-9.,]+\"|'[-+0-9.,]+'")
_SEPARATORS = str.maketrans(dict.fromkeys("[](){},;|&\"'", " "))
_WRITTEN = re.compile(
    r"(?P<name>[^\W\d_]\w*|_\w*)"  # its digits are no number
    rf"|(?P<number>(?:[-+][ \t]*)?(?:{INTEGER}|{DECIMAL}))"
    r"|(?P<sign>-[ \t]*[\[({])"  # of a whole row
    r"|(?P<foreign>[^\W_])"  # a digit of another script
)
_QUOTE = 'Put quotes around a label that holds a number, as in "layer 2" 0.5, or separate the number from it.'
_LEFT_OVER = "Put quotes around a label that holds a number, a comment on a line of its own, and the same separator between any two cells."


def account_for_numbers(reading: Reading) -> list[Notice]:
    """Refuses a reading that is not what was typed; says which comments, labels and names hold numbers."""
    body = reading.body
    notices = [*_check_labels(reading), *_check_names(reading), *check_comments(body)]
    spans: list[Aside | tuple[int, int]] = [*body.asides, *reading.label_spans, *reading.name_spans]
    _compare(blank(body.ordinary, spans) if spans else body.ordinary, reading)
    return notices


# ------------------------------------------------------------------------------------------------------------ values


def _compare(text: str, reading: Reading) -> None:
    """The numbers in `text` are the values, in the order of the rows."""
    values = array("f", chain.from_iterable(reading.values))
    if reading.comma:
        text = _write_points(text, reading.comma)
    seen = 0
    for start, end in _chunks(text):
        numbers = _read_plain(text[start:end])
        if numbers is None or numbers.tobytes() != values[seen : seen + len(numbers)].tobytes():
            numbers = _read_written(text, start, end, values[seen:])
        seen += len(numbers)
    if seen < len(values):
        raise Mistake("ambiguous", f"{count(len(values), 'number')} would be read here, but only {seen:,} are typed", _LEFT_OVER)


def _write_points(text: str, comma: Comma) -> str:
    """`text` with the numbers as Python writes them, position by position."""
    if comma.startswith("quoted"):
        inside: Comma = "decimal" if comma.endswith("decimal") else "thousands"
        return _QUOTED_NUMBER.sub(lambda number: _write_points(number[0], inside), text)
    if comma == "decimal":
        return _COMMA.sub(".", _THOUSANDS_POINT.sub("_", text))
    return _COMMA.sub("_", text)


def _chunks(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    while start < len(text):
        found = _BREAK.search(text, start + _CHUNK)
        end = found.end() if found else len(text)
        yield start, end
        start = end


def _read_plain(text: str) -> "array[float] | None":
    """The numbers of a text that holds nothing but numbers and what separates them; None for any other."""
    try:
        return array("f", map(float, text.translate(_SEPARATORS).split()))
    except ValueError:
        return None


def _read_written(text: str, start: int, end: int, values: "array[float]") -> "array[float]":
    """The numbers among words and signs, held one by one to the values."""
    numbers = array("f")
    for match in _WRITTEN.finditer(text, start, end):
        if match["name"] and (match[0].isascii() or not any(map(str.isnumeric, match[0]))):  # but for ½ or ²
            continue
        number = read_numeral(match["number"]) if match["number"] else None
        numbers.append(0.0 if number is None else number)
        place = len(numbers) - 1
        if number is None or place >= len(values) or numbers[place:].tobytes() != values[place : place + 1].tobytes():
            raise Mistake("ambiguous", f"{quote(match[0])} would be left out of the matrix", _LEFT_OVER, *match.span())
    return numbers


# ------------------------------------------------------------------------------------------------------------ labels


def _check_labels(reading: Reading) -> list[Notice]:
    """A label holds a number only in quotes, and, which is said, as a counter behind the same word ("layer 1", "layer 2") or in a name (GPT-2)."""
    body = reading.body
    said = {notice.code for notice in reading.notices}
    labels = [(start, body.ordinary[start:end]) for start, end in reading.label_spans if start not in body.labels]
    loose = [(start, label) for start, label in labels if not is_quoted(label) and find_loose_number(label)]
    if not loose or ("numeric-label" in said and all(is_numeral(label) for _, label in loose)):
        return []
    start, label = loose[0]
    is_numbered = len(loose) == len(reading.label_spans) and are_enumerated([label for _, label in loose])
    if is_numbered or (len(loose) < len(labels) and all(_NAME.fullmatch(label) for _, label in loose)):
        return [Notice("numeric-label", f"{quote(label)} was read as a label, with its number.")]
    number = find_loose_number(label)
    raise Mistake(
        "ambiguous",
        f"{quote(label)} can be a label, or a label and the number {number}",
        _QUOTE,
        start,
        start + len(label),
    )


def _check_names(reading: Reading) -> list[Notice]:
    """A name of a column may hold a number, as in "dim 1": that is said."""
    body = reading.body
    names = [body.ordinary[start:end] for start, end in reading.name_spans if start not in body.labels]
    loose = [name for name in names if not is_quoted(name) and find_loose_number(name)]
    if not loose or any(notice.code == "header" for notice in reading.notices):
        return []
    return [Notice("header", f"{quote(loose[0])} was read as the name of a column, with its number.")]
