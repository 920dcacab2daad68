"""Words in the place of a label: what they say, and whether they may be wrong numbers instead."""

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from attn_magic.matrix.numerals import is_numeral

_QUOTES = ('""', "''", "“”", "‘’", "„“", "„”", "＂＂", "＇＇")
_FORMULA_GUARD = re.compile("'+[=+\\-@\t\r＝＋－＠]")  # an apostrophe that keeps a spreadsheet from running the cell
_BEFORE_A_NUMBER = re.compile(r"[\W_]*")  # signs, currencies, operators, quotes, bullets
_LIKE_A_NUMBER = re.compile(r"[-+]*[lIoO][.,][0-9]|\.[eE][0-9]")
_LOOSE_NUMBER = re.compile(r"(?<!\w)_*[0-9][0-9.,]*|[.,][0-9]+")  # not the digits of d0, tok12 or GPT2
_COUNTER = re.compile(r"[0-9]+")
_ENUMERATED = re.compile(r"[^\W\d_](?:[\w ]*[^\W\d])?[ _-]?[0-9]+")
_BYTE = re.compile(r"<0[xX][0-9A-Fa-f]{2}>")  # a token that stands for one byte
_GLUED = re.compile(r"[:=>][-+]?\.?[0-9]")
_CORNERS = {"token", "tokens", "word", "words", "label", "labels", "name", "id", "index"}
_COUNTERS = {"#", "no", "no.", "nr", "nr.", "n°", "nº", "№", "idx", "s.no", "s.no.", "sno", "row", "line"}  # above row numbers
_CAPTIONS = _CORNERS | {"year", "years", "dim", "dims"}
_MADE_HERE = re.compile(r"\S.* · attn_magic [0-9]")  # what stands in the corner of a CSV file that was saved here
_WORDS_WITH_A_MEANING = {"nan", "inf", "infinity", "none", "null", "na", "nil", "true", "false"}


def clean_label(typed: str) -> str:
    r"""A label as its reader means it: without its quotes, with "\|" as a pipe, without what no screen can show.

    >>> clean_label('"is ""big"", no"'), clean_label("don't")
    ('is "big", no', "don't")
    """
    label = typed
    if len(label) > 1 and label[0] + label[-1] in _QUOTES:
        label = label[1:-1].replace(typed[0] * 2, typed[0])
        if _FORMULA_GUARD.match(label):
            label = label[1:]
    else:
        label = label.replace("\\|", "|")
    return label


def is_corner(name: str, or_empty: bool = True) -> bool:
    """Whether this is a name for a column of labels."""
    return name.lower() in _CORNERS or made_here(name) or (or_empty and not name)


def is_counter(name: str) -> bool:
    """Whether this is a name for a column of row numbers."""
    return name.lower() in _COUNTERS


def is_caption(label: str) -> bool:
    """Whether the label of a first row may say that its numbers are names of columns, as in "token 2019 2020"."""
    return label.lower() in _CAPTIONS


def made_here(corner: str) -> bool:
    """Whether this is the corner of a CSV file that was saved here, which has labels below it."""
    return _MADE_HERE.match(corner) is not None


def text_of(cell: str) -> str:
    """What a cell says, without blanks and quotes."""
    text = cell.strip()
    return text[1:-1] if is_quoted(text) else text


def is_quoted(cell: str) -> bool:
    """Whether the cell stands in quotes."""
    text = cell.strip()
    return len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"


def is_quoted_number(cell: str) -> bool:
    """Whether the cell is a number in quotes."""
    return is_quoted(cell) and is_numeral(text_of(cell).strip())


def is_number_or_quoted(cell: str) -> bool:
    """Whether the cell is a number, in quotes or not."""
    return is_numeral(text_of(cell).strip())


def are_counted(numbers: Sequence[str]) -> bool:
    """Whether these are 0, 1, 2, … or 1, 2, 3, …."""
    return any(list(numbers) == [str(number + start) for number in range(len(numbers))] for start in (0, 1))


def are_consecutive(numbers: Sequence[str]) -> bool:
    """Whether these are two or more whole numbers, each one more than the one before."""
    whole = [cell.strip() for cell in numbers]
    if len(whole) < 2 or not all(cell.isdecimal() and cell.isascii() and len(cell) < 10 for cell in whole):
        return False
    return all(int(later) - int(one) == 1 for one, later in pairwise(whole))


def is_failed_number(word: str) -> bool:
    """Whether a word begins as a number does, such as 1.2.3, -x1, $5, •5 or ½: it is a label only in quotes."""
    if _BYTE.fullmatch(word):
        return False
    before = _BEFORE_A_NUMBER.match(word)
    beginning = word[before.end() : before.end() + 1] if before else ""
    return unicodedata.category(beginning or "x").startswith("N") or bool(_LIKE_A_NUMBER.match(word))


def find_loose_number(label: str) -> str:
    """The first number in a label that is more than the digits of a word; empty where there is none.

    >>> find_loose_number("layer 2"), find_loose_number("We1.16"), find_loose_number("d0"), find_loose_number("<0x0A>")
    ('2', '1.16', '', '')
    """
    found = None if _BYTE.fullmatch(label) else _LOOSE_NUMBER.search(label)
    if found is None:
        return ""
    before = label[: found.start()]
    return before[len(before.rstrip("0123456789")) :] + found[0]


def are_enumerated(labels: Sequence[str]) -> bool:
    """Whether these are the same words with a counter in them, such as "layer 1", "layer 2", ….

    >>> are_enumerated(["layer 1", "layer 2"]), are_enumerated(["layer 1", "I 2"]), are_enumerated(["x 1.5", "x 2.5"])
    (True, False, False)
    """
    counters = [_COUNTER.findall(label) for label in labels]
    if len(labels) < 2 or any(len(found) != 1 for found in counters) or len({_COUNTER.sub("", label) for label in labels}) > 1:
        return False
    if not _ENUMERATED.fullmatch(labels[0]):
        return False
    first = int(counters[0][0][:9])
    return [found[0] for found in counters] == [str(first + place) for place in range(len(labels))]


def has_glued_number(word: str) -> bool:
    """Whether a label and a number stand together without a blank, as in I:1.16."""
    return bool(_GLUED.search(word))


def is_suspicious(word: str) -> bool:
    """Whether a word in the place of a label may be a wrong number: it looks like one, or stands for one that is missing."""
    return (
        is_failed_number(word)
        or has_glued_number(word)
        or _is_half_a_bracket(word)
        or all(map(_is_sign, word))
        or word.lower() in _WORDS_WITH_A_MEANING
        or any(map(_is_foreign_digit, word))
    )


def _is_half_a_bracket(word: str) -> bool:
    """Whether this is a piece of a matrix in brackets, such as "x*[1"."""
    return any(map(str.isdigit, word)) and any(word.count(one) != word.count(other) for one, other in ("()", "[]", "{}"))


def _is_sign(character: str) -> bool:
    """Punctuation, dashes, operators: what may stand for a number; not letters, digits, emoji."""
    return unicodedata.category(character)[0] in "PZC" or unicodedata.category(character) in ("Sm", "Sc", "Sk")


def _is_foreign_digit(character: str) -> bool:
    return not character.isascii() and unicodedata.category(character) in ("Nd", "No")
