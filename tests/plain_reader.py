"""A second reader of matrices, short and dumb, with nothing of the parser in it: it knows the plain formats alone and gives up when unsure.

The plain formats: a JSON list of lists, and lines of numbers with one separator (blanks, commas, tabs or semicolons), perhaps with an
alphabetic word in front of every line, perhaps with a line of such words above.
"""

import json
import math
import re
import struct
from typing import Any, NamedTuple

NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
NO_LABELS = {"nan", "inf", "infinity", "none", "null", "nil", "na", "nat", "missing", "true", "false"}
CORNERS = {"token", "tokens", "word", "words", "label", "labels", "name", "names", "id", "index", "year", "dim"}


class Plain(NamedTuple):
    """What stands in a plain body: float32 numbers, and the words in front of and above them."""

    values: list[list[float]]
    labels: list[str] | None = None
    columns: list[str] | None = None


class Unsure(Exception):
    """This is not one of the plain formats, or it can be read in two ways."""


def plain_reader(text: str) -> Plain | None:
    """What a plain body says, or None."""
    try:
        return read_json(text) if text.lstrip().startswith("[") else read_lines(text)
    except Unsure:
        return None


def float32(number: float) -> float:
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]  # the native "f" would give infinity
    except OverflowError:
        raise Unsure from None


def refuse(_: Any) -> Any:
    raise Unsure


def read_json(text: str) -> Plain:
    try:
        rows = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise Unsure from None
    for row in rows:
        if not isinstance(row, list) or not row or len(row) != len(rows[0]) or any(type(cell) not in (int, float) for cell in row):
            raise Unsure
    if not rows:
        raise Unsure
    return Plain([[float32(float(cell)) for cell in row] for row in rows])


def read_lines(text: str) -> Plain:
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    if any(not line.strip(" ") for line in lines):
        raise Unsure
    rows = cells_of(lines)
    head = None if any(map(is_number, rows[0])) else rows.pop(0)
    if not rows or len({len(row) for row in rows}) != 1:
        raise Unsure
    labelled = [is_word(row[0]) for row in rows]
    if any(labelled) and not all(labelled):
        raise Unsure
    labels = [row.pop(0) for row in rows] if all(labelled) else None
    width = len(rows[0])
    if width == 0 or not all(is_number(cell) for row in rows for cell in row):
        raise Unsure
    if labels and head is None and labels[0].lower() in CORNERS:
        raise Unsure  # "token 2019 2020" can be names of columns
    return Plain([[float32(float(cell)) for cell in row] for row in rows], labels, names_of(head, labels, width))


def cells_of(lines: list[str]) -> list[list[str]]:
    """The cells of every line, cut at the one separator that the body has."""
    text = "\n".join(lines)
    found = [separator for separator in ",\t;" if separator in text]
    if len(found) > 1:
        raise Unsure
    if not found:
        return [re.split(" +", line.strip(" ")) for line in lines]
    rows = [[cell.strip(" ") for cell in line.split(found[0])] for line in lines]
    if found == [","] and commas_are_unsure(rows, text):
        raise Unsure
    if found == [";"] and len(lines) == 1:
        raise Unsure  # "1;2;3" is one row or three
    return rows


def commas_are_unsure(rows: list[list[str]], text: str) -> bool:
    """Decimal commas ("1,5, 2,5", or one line of "1,5") and thousands marks ("1,234" on every line)."""
    if re.search(r",[^ ]", text) and re.search(r",(?= )| ,", text):
        return True
    alone = [row for row in rows if len(row) == 2 and all(map(is_number, row))]
    return bool(alone) and (len(rows) == 1 or all(re.fullmatch(r"[0-9]{3}(\.[0-9]+)?", row[1]) for row in alone))


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None and math.isfinite(float(cell))


def is_word(cell: str) -> bool:
    return cell.isalpha() and cell.lower() not in NO_LABELS


def names_of(head: list[str] | None, labels: list[str] | None, width: int) -> list[str] | None:
    """The line of words above, without the word above the labels; one word alone could be a title."""
    if head is None:
        return None
    if not all(map(is_word, head)) or len(head) != width + bool(labels) or len(head) == 1:
        raise Unsure
    return head[1:] if labels else head
