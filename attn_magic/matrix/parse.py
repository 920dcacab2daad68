"""Text → matrix: which dialect the text is written in, and what the reader should know about the result.

    text → ordinary characters → without what stands beside the matrix → literal, table or LaTeX → sizes held → every number accounted for

A mistake is found deep inside, with its place; here it gets its line and caret.
"""

import re
from dataclasses import dataclass

from attn_magic.limits import MAX_TOKENS
from attn_magic.matrix.accounting import account_for_numbers
from attn_magic.matrix.body import Body, Promise, character_notices, read_body
from attn_magic.matrix.documents import find_matrix
from attn_magic.matrix.enclosed import enclose_labels
from attn_magic.matrix.latex import is_latex, read_latex
from attn_magic.matrix.literal import read_literal
from attn_magic.matrix.mistake import Mistake, explain, quote
from attn_magic.matrix.numerals import DATA, EXAMPLE
from attn_magic.matrix.rows import Reading
from attn_magic.matrix.surroundings import keep_promises, set_surroundings_aside
from attn_magic.matrix.table import read_table
from attn_magic.notices import Notice

_TARGET = re.compile(r"[^\W\d][\w.]*(?: [^\W\d][\w.]*){0,3}(?:\[[0-9: ,]*\]){0,3}(?: ?: ?[^\W\d][\w.\[\], ]{0,60})?")
_ASSIGNED = re.compile(r"[ \t]*(?:\n|[-+.\[({\"'<0-9\\$]|[A-Za-z_][\w.]*[(\[]|Parameter|\Z)")
_ASSIGNED_AGAIN = re.compile(r"^[ \t]*[^\s=]+[ \t]*=[ \t]*[-+.0-9\[(]", re.MULTILINE)
_ABOVE = re.compile(r"(?:\s+|(?:#(?!#)|%)[^\n]*(?:\n|\Z))*")  # blank lines and comments
_BLOCK_MARK = re.compile(r"^[ \t]*(?P<mark>(?P<sign>[%#])(?P<bracket>[{}]))[ \t]*$", re.MULTILINE)
_BRACKETED_TOKEN = re.compile(r"[\[(<{](?P<word>[^\[\](){}<>\s,;]+)[\])>}]:?")  # a letter is in it, too, as in [CLS]
_THEN_BRACKET = re.compile(r"[ \t]+[\[(]")
_FACTOR = re.compile(r"(?P<factor>(?:[-+]?[0-9.][\w.]*[ \t]*)?(?:\*\*|[-+*/@^]))[ \t]*(?:[^\W\d][\w.]*)?[\[(]")
_SECOND_CELL = re.compile(
    r"^[ \t]*(?P<magic>%%(?:(?:masked_)?attention|time|timeit|capture|writefile|bash|sh|html|javascript|js|latex|markdown|python|prun))\b",
    re.MULTILINE,
)
_ARRAY_SIZE = re.compile(r"\[(?P<rows>[0-9]{1,9})\]\[(?P<columns>[0-9]{1,9})\]\Z")  # of C
_SCALE = re.compile(r"(?P<factor>[-+]?[0-9.]+[eE][-+]?[0-9]+[ \t]*\*)[ \t]*\n")
_SIZE = re.compile(r"\.(?:shape|size)")
_CALL = re.compile(r"[^\W\d][\w.]*[ ]?\(|(?:Float|U?Int)(?:16|32|64)?\[|Parameter containing:|<tf\.")


@dataclass(frozen=True)
class Matrix:
    """Rows of numbers, each exactly a float32; `labels` has one token for each row, `columns` one name for each column.

    `notices` say what was normalised, ignored or rounded on the way.
    """

    values: tuple[tuple[float, ...], ...]
    labels: tuple[str, ...] | None
    columns: tuple[str, ...] | None
    notices: tuple[Notice, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Tokens × features."""
        return len(self.values), len(self.values[0])


def parse_matrix(text: str) -> Matrix:
    r"""The matrix that the text plainly is: one row for each token.

    Lists, printed arrays and tensors, MATLAB rows, tables with labels, CSV, Markdown and LaTeX are understood; nothing is ever evaluated.

    >>> parse_matrix("I 1.5 2\nam 3 4")
    Matrix(values=((1.5, 2.0), (3.0, 4.0)), labels=('I', 'am'), columns=None, notices=())

    Raises `MatrixError` where the text can be read in two ways or in none.
    """
    text, asked = find_matrix(text)
    try:
        body, beside = set_surroundings_aside(read_body(text))
        reading = _read(body)
        keep_promises(reading)
        accounted = account_for_numbers(reading)
    except Mistake as mistake:
        raise explain(mistake, text) from None
    normalised = character_notices(reading.body, reading.label_spans + reading.name_spans)
    notices = {notice.code: notice for notice in asked + beside + normalised + accounted + reading.notices}
    return Matrix(reading.values, reading.labels, reading.columns, tuple(notices.values()))


def _read(body: Body) -> Reading:
    if body.plain.startswith("%%MatrixMarket"):
        headline = "A Matrix Market file lists columns, or places and values, and not rows"
        raise Mistake("ambiguous", headline, "Read it with scipy.io.mmread, and use %attention EXPRESSION.", 0, len("%%MatrixMarket"))
    second = _SECOND_CELL.search(body.plain)
    if second:
        raise Mistake("multiple", "A second cell begins here, and a cell holds one matrix", "Put it in a cell of its own.", *second.span("magic"))
    body = enclose_labels(body)
    if is_latex(body.plain):
        return read_latex(body)
    body = _blank_assignment(_blank_block_comments(body))
    if not body.plain.strip():
        raise Mistake("empty", "There are no numbers here", EXAMPLE)
    _refuse_factor(body.plain)
    return read_literal(body) if _is_literal(body.plain) else read_table(body)


def _blank_block_comments(body: Body) -> Body:
    """Grammar: comment := "%{" lines "%}", each mark on a line of its own; MATLAB's comments, which can stand in each other, also with #."""
    opened: list[re.Match[str]] = []
    spans = []
    for mark in _BLOCK_MARK.finditer(body.plain) if "{" in body.plain else ():
        if mark["bracket"] == "{":
            opened.append(mark)
        elif opened and opened[-1]["sign"] == mark["sign"]:
            spans.append((opened.pop().start(), mark.end()))
    if opened:
        sign = opened[0]["sign"]
        raise Mistake("bracket", "This comment is never closed", f'Type "{sign}}}" on a line of its own behind it.', *opened[0].span("mark"))
    return body.without(spans, "comment")


def _refuse_factor(plain: str) -> None:
    """A sign or a factor in front of a list would change its numbers."""
    start = _skip_above(plain)
    scale = _SCALE.match(plain, start)
    if scale:
        headline = f"{quote(scale['factor'])} stands above the matrix and would change every number, and nothing is calculated here"
        raise Mistake("expression", headline, "In MATLAB and Octave, print it after: format long g", *scale.span("factor"))
    match = _FACTOR.match(plain, start)
    if match:
        raise Mistake("expression", f"{quote(match['factor'])} stands before the matrix, and nothing is calculated here", DATA, *match.span("factor"))


def _blank_assignment(body: Body) -> Body:
    """Grammar: assignment := name (":" type)? ("=" | ":=" | "<-"); several lines with "=" are labelled rows."""
    plain = body.plain
    start = _skip_above(plain)
    line_end = plain.find("\n", start)
    line = plain[start : line_end if line_end >= 0 else len(plain)][:300]
    found = re.search(r":?=|<-(?![0-9.])", line)
    if not found or not _TARGET.fullmatch(line[: found.start()].strip()) or line[found.end() : found.end() + 1] == "=":
        return body
    end = start + found.end()
    others = plain[line_end:] if line_end >= 0 else ""
    if not _ASSIGNED.match(plain, end) or _ASSIGNED_AGAIN.search(others):
        return body
    target = plain[start : start + found.start()].rstrip()
    if _SIZE.search(target):
        raise Mistake("expression", f"{quote(target)} is the size of a matrix, not its numbers", DATA, start, start + len(target))
    if others and re.match(r"[ \t]*[-+.0-9]", plain[end:]) and re.search(r"^[ \t]*[^\W\d_]", others, re.MULTILINE):
        raise Mistake(
            "ambiguous",
            f"{quote(target)} can be the name of the matrix, or the label of its first row",
            "Leave out the name and the =, or type a = behind every label.",
            start,
            start + len(target),
        )
    size = _ARRAY_SIZE.search(target) if plain[end:].lstrip().startswith("{") else None
    if size:
        body = body.promising([Promise(start, start + len(target), int(size["rows"]), int(size["columns"]))])
    return body.without([(start, end)], "beside")


def _skip_above(plain: str) -> int:
    above = _ABOVE.match(plain)
    return above.end() if above else 0


def _is_literal(plain: str) -> bool:
    """Whether the text begins with a bracket or a call, and not with a token such as [CLS] before its numbers."""
    start = _skip_above(plain)
    if plain[start : start + 1] not in ("[", "(", "{") and not _CALL.match(plain, start):
        return False
    line = plain[start:].partition("\n")[0]
    label = re.split(r"[\s,;]", line, maxsplit=1)[0]
    if _is_numbers(line[len(label) :]):
        is_word = _is_bracketed_token(_BRACKETED_TOKEN.fullmatch(label)) or _is_balanced_word(label)
        return not is_word and not (len(label) == 1 and _are_labelled(plain[start:]))
    token = _BRACKETED_TOKEN.match(plain, start)
    if token and _is_bracketed_token(token) and _THEN_BRACKET.match(plain, token.end()):
        return False
    return not re.match(r"[ \t]*(?:\[,[0-9]+\][ \t]*)+\n", plain[start : start + 2000])


def _is_bracketed_token(token: re.Match[str] | None) -> bool:
    return token is not None and any(map(str.isalpha, token["word"]))


def _is_numbers(text: str) -> bool:
    return text[:1] in (" ", "\t", ",", ";") and any(map(str.isdigit, text)) and not text.strip("-+.0123456789 \t,;eE")


def _are_labelled(text: str) -> bool:
    """Whether every line is a token and its numbers, so that a bracket in front is a token too."""
    if text.count("\n") > MAX_TOKENS:
        return False
    tokens = []
    for line in filter(str.strip, text.split("\n")):
        token = re.split(r"[\s,;]", line.lstrip(), maxsplit=1)[0]
        if not _is_numbers(line.lstrip()[len(token) :]):
            return False
        tokens.append(token)
    if any(tokens.count(one) != tokens.count(other) for one, other in ("()", "[]", "{}")):
        return False
    return any(map(str.isalpha, tokens)) and not any(character.isdigit() for token in tokens for character in token)


def _is_balanced_word(word: str) -> bool:
    return word[0] not in "[({" and all(word.count(one) == word.count(other) for one, other in ("()", "[]", "{}"))
