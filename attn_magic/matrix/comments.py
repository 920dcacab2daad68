"""Comments: where they begin, which of them can be cells, and what is said of those that hold numbers."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from attn_magic.matrix.body import Aside, Body
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.rows import Line, Row
from attn_magic.matrix.words import are_consecutive
from attn_magic.notices import Notice

_COMMENT = re.compile(r"[#%]")
QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
_SIGN_AND_SEPARATOR = re.compile(r"[ \t]*[#%](?:[ ]?[,;|&]|\t[^\t]*\t)")
_SIGN_AND_COLON = re.compile(r"[ \t]*(?P<sign>[#%]):[ \t]*[-+.0-9]")
_BETWEEN_CELLS = re.compile(r"[\s,;|&\\()\[\]{}]+")
_SIGNS = "#%/ \t"


class Comment(NamedTuple):
    """Where a comment begins and ends; lines that are comments are one of them."""

    start: int
    end: int


def find_comment(line: str) -> int | None:
    """Grammar: comment := (at the start | after a blank | after a number) ("#" | "%") …; inside a word the sign belongs to the word.

    >>> find_comment("1 2 # x"), find_comment("1.5, 2.5# ABC"), find_comment("C# 1 2"), find_comment("##ing 1 2")
    (4, 8, None, None)
    """
    quoted = [match.span() for match in QUOTED.finditer(line)] if '"' in line else []
    indent = len(line) - len(line.lstrip())
    in_pipes = line.startswith("|", indent)
    for match in _COMMENT.finditer(line):
        position = match.start()
        while quoted and quoted[0][1] <= position:
            quoted.pop(0)
        if (quoted and quoted[0][0] < position) or (in_pipes and "|" in line[position:]):
            continue
        if position == indent:
            return None if _is_wordpiece(line[position:]) else position
        before = line[position - 1]
        if before in " \t,;|" or (match[0] == "#" and before in "0123456789." and is_numeral(_last_word(line, position))):
            return position
    return None


def _last_word(line: str, end: int) -> str:
    return re.split(r"[\s,;|]", line[max(0, end - 100) : end])[-1]


def _is_wordpiece(text: str) -> bool:
    """Whether a line such as "##ing 0.1 0.2" is a token with its numbers and not a comment."""
    first, *others = re.split(r"[\s,;|]+", text)
    return len(first) > 2 and first.startswith("##") and first[2] != "#" and any(map(_has_digit, others))


def _has_digit(word: str) -> bool:
    return any(map(str.isnumeric, word))


def like_a_row(comment: str, width: int) -> bool:
    """Whether a commented line can be a row: its label is the comment sign, is behind it ("# b 1 2"), or begins with it ("#tag 1 x")."""
    first, *others = re.split(r"[\s,;|]+", comment.strip())
    if len(first) > 1:
        return len(others) == width or any(map(_has_digit, others))
    if others and not is_numeral(others[0]):
        return len(others) == width + 1 and all(map(is_numeral, others[1:]))
    return bool(others) and all(map(is_numeral, others))


def refuse_doubtful_comments(body: Body, comments: Sequence[Comment], width: int) -> None:
    """Among labelled rows, "# 1 2" can be a comment or the row of the token "#", and "# b 1 2" one that was switched off."""
    for start, end in comments:
        if body.plain[body.plain.rfind("\n", 0, start) + 1 : start].strip():
            continue
        position = start
        for text in body.ordinary[start:end].split("\n"):
            if text.strip() and like_a_row(text, width):
                raise doubtful_comment(Line(position + len(text) - len(text.lstrip()), text.strip()))
            position += len(text) + 1


def refuse_header_in_comment(body: Body, comments: Sequence[Comment], rows: Sequence[Row]) -> None:
    """Refuses "# a b" right above rows of three whose first numbers count them: "#" can be the name of that column."""
    if not comments or comments[0].start > rows[0].start or not are_consecutive([row.cells[0] for row in rows]):
        return
    above = body.ordinary[comments[0].start : comments[0].end].rstrip("\n")
    last = above.rpartition("\n")[2]
    words = [word for word in re.split(r"[\s,;|&]+", last.strip()) if word]
    if words[0] in ("#", "%") and len(words) == len(rows[0].cells) > 1 and not any(map(is_numeral, words)):
        end = comments[0].start + len(above)
        raise Mistake(
            "ambiguous",
            f"This can be a comment, or the names of {len(words)} columns, the first of which counts the rows",
            "Delete the line if it is a comment, or the first column if it counts the rows.",
            end - len(last),
            end,
        )


def doubtful_comment(comment: Line) -> Mistake:
    """The mistake of a comment that can be cells."""
    token, *others = comment.text.split()
    if len(token) == 1 and others and not is_numeral(others[0]):
        return Mistake(
            "ambiguous",
            f"This can be a comment, or the row of the token {quote(others[0])}",
            f"Delete the line if it is a comment, or the {token} if it is a row.",
            comment.start,
            comment.start + 1,
        )
    advice = f'Put quotes around "{token}" if it is a token, or delete' if len(token) < 40 else "Put quotes around the token, or delete"
    return Mistake(
        "ambiguous",
        f"This can be a comment, or the row of the token {quote(token)}",
        f"{advice} the line if it is a comment.",
        comment.start,
        comment.start + len(token),
    )


def refuse_doubtful_sign(text: str, comment: int, start: int) -> None:
    """A sign that begins a comment may be a token, or mean per cent after a number."""
    sign = Line(start + comment, text[comment:])
    if _SIGN_AND_COLON.match(text):
        raise doubtful_comment(Line(sign.start, text[comment : comment + 1]))
    if _SIGN_AND_SEPARATOR.match(text):
        raise Mistake(
            "ambiguous",
            f"This line can be a comment, or begin with a cell {quote(text[comment])}",
            f'Put quotes around "{text[comment]}" if it is a cell, or delete the line if it is a comment.',
            sign.start,
            sign.start + 1,
        )
    before, after = text[:comment].split(), text[comment + 1 :].split()
    if text[comment] == "%" and before and is_numeral(before[-1]) and (not after or is_numeral(after[0])):
        raise Mistake(
            "ambiguous",
            "This % can begin a comment or mean per cent",
            "Type 0.05 for 5 %, or # before a comment.",
            sign.start,
            sign.start + 1,
        )
    if before and after and not any(map(str.isdigit, text[:comment])) and all(map(is_numeral, after)):
        raise doubtful_comment(sign)


def check_comments(body: Body) -> list[Notice]:
    """Says which comments hold numbers, begin behind cells or stand between rows; refuses one behind cells that can be cells itself."""
    comments = [aside for aside in body.asides if aside.kind == "comment"]
    if not comments:
        return []
    numbered = next((comment for comment in comments if any(map(str.isdigit, body.ordinary[comment.start : comment.end]))), None)
    beside = [comment for comment in comments if _follows_cells(body, comment)]
    for comment in beside:
        _refuse_cells(body, comment)
    told = numbered or (beside[0] if beside else None) or _between_rows(body, comments)
    if told is None:
        return []
    seen = body.typed[told.start : told.end].strip()
    return [Notice("comment", f"{quote(seen)} is a comment: " + ("its numbers were not read." if told is numbered else "it was not read."))]


def _between_rows(body: Body, comments: Sequence[Aside]) -> Aside | None:
    """A comment that can be the title of a second matrix."""
    digits = [re.compile("[0-9]").search(body.plain), re.compile("[0-9](?=[^0-9]*\\Z)").search(body.plain)]
    first, last = (digit.start() if digit else 0 for digit in digits)
    return next((comment for comment in comments if first < comment.start < last), None)


def _refuse_cells(body: Body, comment: Aside) -> None:
    """Behind cells, "# 3 4" and "##ing 3 4; x 5 6" can be more of them; behind a bracket, "#1" counts the rows."""
    text = body.ordinary[comment.start : comment.end]
    before = body.plain[max(0, comment.start - 100) : comment.start].rstrip(" \t,;")
    words = [word for word in _BETWEEN_CELLS.split(text.lstrip(_SIGNS)) if word]
    numbers = sum(map(is_numeral, words))
    is_glued = text[:1] in "#%" and len(text) > 1 and not text[1].isspace()
    cut_off = any(mark in text for mark in (";", "&", "\\\\", "|"))
    if not numbers or before[-1:] in ("]", ")", "}") or not (numbers == len(words) or cut_off or (is_glued and numbers == len(words) - 1)):
        return
    raise Mistake(
        "ambiguous",
        f"{quote(text.strip())} can be a comment, or cells of the matrix",
        "Delete it if it is a comment, or the sign before it if these are cells.",
        comment.start,
        comment.start + len(text.rstrip()),
    )


def _follows_cells(body: Body, comment: Aside) -> bool:
    line = body.plain.rfind("\n", 0, comment.start) + 1
    return any(map(str.isdigit, body.plain[line : comment.start]))
