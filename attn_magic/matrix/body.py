"""The text of a cell, as typed and as it is read: both have the same character positions.

PDFs, slides, spreadsheets and chat answers bring typographic characters, fences and prompts along. Each is replaced by exactly one
ordinary character, so that every later step can point into the text as it was typed.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, TypeAlias

from attn_magic.matrix.mistake import Mistake
from attn_magic.notation import count
from attn_magic.notices import Notice

Label: TypeAlias = tuple[int, int, str]  # where it begins, where it ends, and what it says
Kind: TypeAlias = Literal["comment", "beside", "option", "markup"]


class Aside(NamedTuple):
    r"""A part of the text that is not the matrix: where it begins and ends, and what it is instead.

    A comment; what a program prints beside a matrix, such as a prompt; an option, such as dtype; markup, such as \hline.
    """

    start: int
    end: int
    kind: Kind


TEXT_LIMIT = 4 * 1024 * 1024  # characters; 512 tokens × 768 features printed with four decimals are 3.4 million

_DASHES = "\u2212\u2013\u2010\u2011\u2012\ufe63\uff0d"  # minus, en dash, hyphen, non-breaking hyphen, figure dash, small and full-width hyphen
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_LINE_BREAKS = "\r\v\f\u0085\u2028\u2029"
_FULLWIDTH = "".join(map(chr, range(0xFF01, 0xFF5F)))
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff"
_BRACKET_PIECES = "⎡⎢⎣⎤⎥⎦⎛⎜⎝⎞⎟⎠"  # drawn around a pretty-printed matrix

_PLAIN = str.maketrans(
    dict.fromkeys(_DASHES, "-")
    | dict.fromkeys(_SPACES + _BRACKET_PIECES, " ")
    | dict.fromkeys(_LINE_BREAKS, "\n")
    | {character: chr(ord(character) - 0xFEE0) for character in _FULLWIDTH}
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u2018\u2019\u201b", "'")
    | dict.fromkeys(map(chr, range(0x2500, 0x2580)), "+")  # box drawing: corners and crossings
    | dict.fromkeys("│┃║┆┇┊┋╎╏", "|")
    | dict.fromkeys("─━┄┅┈┉╌╍", "-")
    | {"═": "="}  # below the names
)

_FORBIDDEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
_DIRECTION_MARKS = "\u061c\u200e\u200f"
_ZERO_WIDTH_RUN = re.compile(f"[{_ZERO_WIDTH}]+")
_BORDER = re.compile(r"[\s\[\](){},;|&]")
_SPACED_THOUSANDS = re.compile("(?<![0-9.])[0-9]{1,3}(?:[\u00a0\u2007\u2009\u202f][0-9]{3})+(?![0-9])")
_CONTROL_NAMES = {"\x00": "NUL", "\x1b": "ESCAPE, a terminal colour code", "\x07": "BELL", "\x08": "BACKSPACE", "\x7f": "DELETE"}

_UNNAMED = {"Cc": "a control character", "Cs": "half of a surrogate pair", "Co": "a private-use character"}


_NOTICES = (
    ("unicode-minus", re.compile(f"[{_DASHES}]|[─━](?=[0-9.])"), "-", "was read as a minus sign."),
    ("fullwidth", re.compile(f"[{_FULLWIDTH}]"), "", "and its kind were read as ordinary characters."),
    ("unicode-space", re.compile(f"[{_SPACES}]"), " ", "was read as a space."),
    ("zero-width", re.compile(f"[{_ZERO_WIDTH}]"), " ", "is invisible and was left out."),
)


class Promise(NamedTuple):
    """The size that a text beside the matrix says it has, and where that text stands."""

    start: int
    end: int
    rows: int
    columns: int | None
    counts_labels: bool = False  # as a column


@dataclass(frozen=True)
class Body:
    """`typed` is what the reader typed; `ordinary` is the same text in ordinary characters, position by position.

    `plain` is what is left of it to read: blanks stand in place of every part that was set aside. `labels` says, by where they begin, what the
    labels mean that are known already. In `plain` each of them is a quoted word without meaning.
    """

    typed: str
    ordinary: str
    plain: str
    labels: Mapping[int, str] = field(default_factory=dict)
    asides: tuple[Aside, ...] = ()
    promises: tuple[Promise, ...] = ()

    def without(self, spans: Iterable[tuple[int, int]], kind: Kind) -> "Body":
        """The same body with these parts set aside."""
        asides = tuple(Aside(start, end, kind) for start, end in spans)
        return replace(self, plain=blank(self.plain, asides), asides=self.asides + asides) if asides else self

    def aside(self, spans: Iterable[tuple[int, int]], kind: Kind) -> "Body":
        """The same body, in which these parts are known not to be the matrix; whoever reads on does not look at them."""
        return replace(self, asides=self.asides + tuple(Aside(start, end, kind) for start, end in spans))

    def promising(self, promises: Iterable[Promise]) -> "Body":
        """The same body, whose matrix must have these sizes."""
        return replace(self, promises=self.promises + tuple(promises))

    def label_at(self, start: int, end: int) -> str | None:
        """What a label says that is known already and stands exactly here."""
        inside = self.plain[start + 1 : end - 1]
        return self.labels.get(start) if inside == "x" * len(inside) and (end - start < 2 or self.plain[end - 1] == '"') else None

    def enclose(self, labels: Iterable[Label]) -> "Body":
        """The same body, knowing these labels, in the order of the text."""
        known, parts, position = dict(self.labels), [], 0
        for start, end, label in labels:
            parts += [self.plain[position:start], f'"{"x" * (end - start - 2)}"' if end - start > 1 else "x"]
            known[start] = label
            position = end
        return replace(self, plain="".join([*parts, self.plain[position:]]), labels=known)


def read_body(text: str) -> Body:
    """The text in ordinary characters; refuses characters that hide or reorder text."""
    if len(text) > TEXT_LIMIT:
        raise Mistake(
            "too-large",
            f"The text has {len(text):,} characters in {count(text.count(chr(10)) + 1, 'line')}, and the limit is {TEXT_LIMIT:,}",
            "Type fewer rows, or fewer numbers in a row.",
        )
    _refuse_forbidden(text)
    plain = text.replace("\r\n", " \n")
    if not text.isascii():
        _refuse_spaced_thousands(text)
        plain = _blank_zero_width(plain)
    ordinary = plain.translate(_PLAIN)
    return Body(text, ordinary, ordinary)


def blank(text: str, spans: Iterable[Aside | tuple[int, int]]) -> str:
    """`text` with spaces in place of each span; line breaks stay where they are.

    >>> blank("a = [1]", [(0, 3)])
    '    [1]'
    """
    parts, position = [], 0
    for start, end, *_ in sorted(spans):
        parts.append(text[position:start])
        parts.append("\n".join(" " * len(line) for line in text[max(start, position) : end].split("\n")))
        position = max(end, position)
    return "".join([*parts, text[position:]])


def name_character(character: str) -> str:
    """A character by its code point and name.

    >>> name_character("—")
    'U+2014 EM DASH'
    """
    kind = _UNNAMED.get(unicodedata.category(character), "an unassigned character")
    name = unicodedata.name(character, "") or _CONTROL_NAMES.get(character, kind)
    return f"U+{ord(character):04X} {name}"


def character_notices(body: Body, labels: list[tuple[int, int]]) -> list[Notice]:
    """One notice for each kind of character that was normalised outside the labels, which stay as typed."""
    if body.typed.isascii():
        return []
    spans = sorted(labels)
    notices = []
    for code, pattern, plain, consequence in _NOTICES:
        for match in pattern.finditer(body.typed, 1 if body.typed.startswith("\ufeff") else 0):
            seen = body.plain[match.start()]
            if (seen == plain or (not plain and seen != " ")) and not _is_inside(match.start(), spans):
                notices.append(Notice(code, f"{name_character(match[0])} {consequence}"))
                break
    return notices


def _is_inside(position: int, spans: list[tuple[int, int]]) -> bool:
    index = bisect_right(spans, (position, len(spans) and spans[-1][1])) - 1
    return index >= 0 and position < spans[index][1]


def _refuse_forbidden(text: str) -> None:
    for match in _FORBIDDEN.finditer(text):
        start, end = match.span()
        neighbours = text[max(start - 1, 0) : start] + text[end : end + 1]
        if match[0] in _DIRECTION_MARKS and any(map(str.isalpha, neighbours)):
            continue  # marks beside letters belong to words written from right to left
        raise Mistake(
            "char",
            f"There is an invisible character here, {name_character(match[0])}",
            "What is seen would not be what is read. Delete it, or copy the numbers as plain text.",
            start,
            end,
        )


def _refuse_spaced_thousands(text: str) -> None:
    match = _SPACED_THOUSANDS.search(text)
    if match:
        together = re.sub("[^0-9]", "", match[0])
        apart = re.sub("[^0-9]", " ", match[0])
        raise Mistake(
            "ambiguous",
            f"This can be one number, {together}, or several, {apart}: the space in it is {name_character(re.sub('[0-9]', '', match[0])[0])}",
            f"Type {together} for one number, or ordinary spaces between several.",
            match.start(),
            match.end(),
        )


def _blank_zero_width(text: str) -> str:
    """Beside a separator a zero-width character says nothing; between letters or digits it stays, to be judged there."""

    def is_outside(match: re.Match[str]) -> bool:
        start, end = match.span()
        return start == 0 or end == len(text) or bool(_BORDER.match(text[start - 1])) or bool(_BORDER.match(text[end]))

    return _ZERO_WIDTH_RUN.sub(lambda match: " " * len(match[0]) if is_outside(match) else match[0], text)
