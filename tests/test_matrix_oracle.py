"""The parser against a second reader: where both read a body they agree, and every number of a text is accounted for.

Bodies are written in the plain formats and then edited as slips and pastes do: one to three characters, words or lines.
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from attn_magic.errors import MatrixError
from attn_magic.matrix import Matrix, parse_matrix
from tests.plain_reader import Plain, plain_reader

thoroughly = settings(max_examples=2000)


def bits(values: Any) -> list[list[int]]:
    """The float32 bits of every number, so that -0.0 is not 0.0."""
    return np.asarray(values, dtype=np.float32).view(np.int32).tolist()


def attempt(text: str) -> Matrix | None:
    try:
        return parse_matrix(text)
    except MatrixError:
        return None


def agree(matrix: Matrix, plain: Plain) -> bool:
    labels, columns = (None if names is None else list(names) for names in (matrix.labels, matrix.columns))
    return (bits(matrix.values), labels, columns) == (bits(plain.values), plain.labels, plain.columns)


# Bodies in the plain formats, written by one list of small numbers: Hypothesis draws it ten times as fast as forty choices.

NUMERALS = ["0", "1", "2", "3", "7", "10", "42", "100", "345", "1000", "2019", "-1", "-3", "-0.0", "+4", "0.5", "1.5", "-2.25", "0.125", "1.16"]
NUMERALS += ["4.41", "-2.16", "3.0", "12.75", "1e-3", "2.5E+03", "-4e2", "99.99", "1.0", "-0.25", "0.30000001192092896", "3.4028235e+38", "1e-45"]
WORDS = ["I", "am", "Indian", "the", "cat", "we", "like", "x", "e", "A", "naïve", "Straße", "да", "我", "是", "नमन", "سلام", "ab"]
HEADS = ["a", "b", "c", "x", "y", "height", "Breite", "имя", "维", "A", "E", "MATRIX"]
SEPARATORS = ["json", " ", "  ", ",", ", ", "\t", ";"]


class Choices:
    """What follows from a row of bytes; it goes on with zeros."""

    def __init__(self, drawn: bytes) -> None:
        self.left = iter(drawn)

    def number(self, below: int) -> int:
        return next(self.left, 0) % below

    def one(self, options: Sequence[str]) -> str:
        return options[self.number(len(options))]


class Body(NamedTuple):
    """Rows of numerals in one of the plain formats."""

    rows: list[list[str]]
    labels: list[str] | None
    head: list[str] | None
    separator: str
    end: str

    def text(self) -> str:
        if self.separator == "json":
            return "[" + ", ".join("[" + ", ".join(row) + "]" for row in self.rows).replace("+4", "4") + "]" + self.end
        lines = [self.head] if self.head else []
        lines += [[label, *row] for label, row in zip(self.labels, self.rows, strict=True)] if self.labels else self.rows
        return self.end.join(self.separator.join(line) for line in lines) + self.end


def body_of(choices: Choices) -> Body:
    height, width = 1 + choices.number(4), 1 + choices.number(4)
    separator = choices.one(SEPARATORS)
    named = choices.number(4)
    rows = [[choices.one(NUMERALS) for _ in range(width)] for _ in range(height)]
    labels = [choices.one(WORDS) for _ in rows] if named & 1 and separator != "json" else None
    head = [choices.one(HEADS) for _ in range(width)] if named & 2 and separator != "json" else None
    if labels and head:
        head = ["token", *head]
    return Body(rows, labels, head, separator, choices.one(["\n", "\n", "\r\n"]))


# Edits: what slips of the fingers, other programs and other keyboards leave in a text.

LETTERS = [*"0123456789.,;:-+eE|&\\/*^%#'\"`~_=<>()[]{}$@!?xX \t\n", *"−–±≈•×½²…", "\u00a0", "\u2009", "я", "字"]
PIECES = ["##ing", "# ", "% ", "// ", " | ", " -- ", "- ", "d0", "tok1", "[CLS]", "nan", "...", "1.5", " 20", "2019", "1,5", "1 000", "(2.5)"]
PIECES += ["E+03", " GB", "<0.001", "0. 25", "I: ", "am: ", "; am: ", "we ", "x =", " -> ", '"a 1"', "'b'", '""', ",,", "\n\n", "scale 1000\n"]
PIECES += ["1:", "#1 ", "1) ", "** ", "```\n", "> ", "token", "Scores:\n", "\ndtype: float64", "\n(2 rows)", "$5", "5%", "1_2", "--", ".5.", "5."]
KINDS = ["insert", "insert", "insert", "replace", "delete", "repeat line", "drop line"]


def edit(text: str, choices: Choices) -> str:
    kind, place = choices.one(KINDS), choices.number(len(text) + 1)
    if kind == "insert":
        return text[:place] + choices.one(LETTERS + PIECES) + text[place:]
    if kind == "replace":
        return text[:place] + choices.one(LETTERS) + text[place + 1 :]
    if kind == "delete":
        return text[:place] + text[place + 1 :]
    lines = text.split("\n")
    place %= len(lines)
    lines[place : place + 1] = [lines[place]] * (2 if kind == "repeat line" else 0)
    return "\n".join(lines)


def edited(drawn: bytes) -> str:
    """A plain body after one to three edits."""
    choices = Choices(drawn)
    times, text = 1 + choices.number(3), body_of(choices).text()
    for _ in range(times):
        text = edit(text, choices)
    return text


DRAWN = st.binary(min_size=48, max_size=48)
BODIES = DRAWN.map(lambda drawn: body_of(Choices(drawn)))
EDITED = DRAWN.map(edited)


# The second reader.

SURE = [
    ("[[1, 2.5], [-3, 4e2]]", Plain([[1, 2.5], [-3, 400]])),
    ("1 2\n3 4", Plain([[1, 2], [3, 4]])),
    ("1.5,2\n3,4\r\n", Plain([[1.5, 2], [3, 4]])),
    ("I\t1\t2\nam\t3\t4", Plain([[1, 2], [3, 4]], ["I", "am"])),
    ("token;a;b\nI;1;2\n我;3;4", Plain([[1, 2], [3, 4]], ["I", "我"], ["a", "b"])),
    ("a b\n1 2\n", Plain([[1, 2]], None, ["a", "b"])),
]
UNSURE = ["", "1 2\n3", "1,2;3,4", "I 1\n2", "nan 1\nx 2", "I 1 x", "[[1, 2], [3]]", "[1, 2]", "[[1, true]]", "[[1, NaN]]", "[[1, 2],]", "[]", "[[]]"]
UNSURE += ["1,5, 2,5\n3,5, 4,5", "1,234\n5,678", "0. 25 0. 75", "1 000\t2", "token 2019 2020\nwe 1 2", "A\n1\n2", "d0 1 2", "1;2;3", "1,5"]
UNSURE += ["1 2\n\n3 4", "[[1e40, 2]]", "1e40 2", "−1 2", "- 1 2", "007 2", "1. 2.", ".5 1", "(1) 2", '"I" 1 2', "a b\nI 1 2", "x1 y\n1 2", "1 2 # 3"]


@pytest.mark.parametrize(("text", "plain"), SURE)
def test_the_second_reader_reads_the_plain_formats(text: str, plain: Plain) -> None:
    assert plain_reader(text) == plain


@pytest.mark.parametrize("text", UNSURE)
def test_the_second_reader_gives_up_when_unsure(text: str) -> None:
    assert plain_reader(text) is None


@thoroughly
@given(BODIES)
def test_a_plain_body_is_read_by_both_alike(body: Body) -> None:
    """Only what can be something else may be refused: a semicolon, a comma between whole numbers, a name that can be a title."""
    text = body.text()
    plain, matrix = plain_reader(text), attempt(text)
    if plain is None:
        return
    if matrix is None:
        assert body.separator == ";" or (body.separator.startswith(",") and "." not in text) or "MATRIX" in text, "a plain body was refused"
        return
    assert bits(plain.values) == bits([[float(cell) for cell in row] for row in body.rows])
    assert agree(matrix, plain)


@thoroughly
@given(EDITED)
@example("[[1, 2], [3, 4]]")
def test_where_both_read_an_edited_body_they_agree(text: str) -> None:
    plain, matrix = plain_reader(text), attempt(text)
    if plain is not None and matrix is not None:
        assert agree(matrix, plain)


# The accounting.

WORD = re.compile(r"""[^\s,;|&:=<>()\[\]{}"'`#%/\\]+""")
NUMERAL = re.compile(
    r"(?<![0-9A-Za-z.])(?P<sign>[-+−–]?)(?P<digits>0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+)"
    r"|(?P<minus>[-+−–]?)(?P<decimal>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9]+)(?:[eEdD][-+]?[0-9]+)?)"
)
AT_ITS_END = re.compile(r"(?P<minus>[-+−–]?)(?P<decimal>[0-9]+\.[0-9]+(?:[eE][-+]?[0-9]+)?)$")


SAYS_NOTHING_OF_LOSS = {
    "one-dim",
    "unicode-minus",
    "unicode-space",
    "zero-width",
    "fullwidth",
    "trailing-comma",
    "separator",
    "precision",
    "underflow",
}


def number(digits: str) -> float:
    plain = digits.replace("_", "").lower()
    value = float(int(plain, 0)) if plain[:2] in ("0x", "0b", "0o") else float(plain.replace("d", "e"))
    with np.errstate(over="ignore"):
        return float(np.float32(value))


def numbers_of(text: str) -> Counter[float]:
    """Every number of a text as the eye finds it, with its sign.

    Digits inside a word that begins with a letter are no number (d0, GPT-2), unless it ends with a decimal number, as "We1.16" does, or
    looks like the rest of a number, as "E+03" does. A sign may stand apart at the start of a cell.
    """
    text = re.sub(r"((?:^|[\[(,;&|\t\n])[ ]*[-+−–])[ ]+(?=[0-9.])", r"\1", text)
    found: Counter[float] = Counter()
    for word in WORD.findall(text):
        named = next(filter(str.isalnum, word), "").isalpha() and not re.fullmatch(r"[eE][-+][0-9]+", word)
        for match in (AT_ITS_END if named else NUMERAL).finditer(word):
            groups = match.groupdict()
            sign = groups.get("sign") or groups["minus"]
            before = word[: match.start()]
            negative = sign in ("-", "−", "–") and not before[-1:].isalnum()
            value = number(groups.get("digits") or groups["decimal"])
            found[-value if negative else value] += 1
    return found


def without_quoted_names(text: str, matrix: Matrix) -> str:
    for name in [*(matrix.labels or ()), *(matrix.columns or ())]:
        for quoted in (f'"{name}"', f"'{name}'"):
            if quoted in text:
                text = text.replace(quoted, " ", 1)
                break
    return text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("I 1.5 -2; d0 −3 tok1 4", [1.5, -2, -3, 4]),
        ("We1.16 GPT-2 v1.5 x_1 7B a.5.b -_e2 _1.5", [1.16, 1.5, 7, 1.5]),
        ("[[0x10, 1_000], [- 3, 1e-3]]", [16, 1000, -3, 0.001]),
        ("(2.5) <0.001 1,5 5%", [2.5, 0.001, 1, 5, 5]),
        ("10 GB E+03 #3 c(2.5)", [10, 3, 3, 2.5]),
    ],
)
def test_the_numbers_of_a_text_are_found(text: str, numbers: list[float]) -> None:
    assert numbers_of(text) == Counter(float(np.float32(value)) for value in numbers)


@thoroughly
@given(EDITED)
@example(json.dumps([[1.5, 2], [3, 4]]))
def test_every_number_of_a_text_is_accounted_for(text: str) -> None:
    """It is a value, or stands in a quoted label, or a notice speaks of it, or the body is refused; and every value stands in the text."""
    matrix = attempt(text)
    if matrix is None or {notice.code for notice in matrix.notices} - SAYS_NOTHING_OF_LOSS:
        return
    values = Counter(value for row in matrix.values for value in row)
    assert values == numbers_of(without_quoted_names(text, matrix))
