"""Labels that say themselves where they begin and end, whatever is inside: in quotes, and in <code> in Markdown.

They are found in the text as it was typed, before anything else is looked for in it: a label is nothing but itself.
"""

import html
import itertools
import re
from collections.abc import Iterator

from attn_magic.matrix.body import Body, Label
from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.words import clean_label, is_corner, made_here

_QUOTED = r'"(?:[^"\r\n]|"")*"'
_LINE = re.compile(r"[^\r\n]+")
_RECORD = re.compile(rf"[ \t\ufeff]*(?P<label>{_QUOTED})(?P<rest>[ \t,;|:][^\"'\r\n]*)")
_BARE_RECORDS = {
    mark: re.compile(rf"(?P<label>{_QUOTED}(?=[ ]*{mark})|[^\"{mark}\r\n]+(?={mark}))(?P<rest>[ ]*{mark}[^\"'\r\n]*)") for mark in (",", ";", "\t")
}
_NAME = re.compile(rf"[ \ufeff]*(?![ \ufeff])(?P<name>{_QUOTED}(?=[ ]*(?:[,;\t]|$))|[^\",;\t\r\n]*(?=[,;\t]|$))[ ]*(?:[,;\t]|$)")
_LIKE_NUMBERS = re.compile(r"(?=[^0-9]*[0-9])[-+0-9.,' ]+")

_CODE = re.compile(r"\|[ \t]*(?P<cell><code>(?P<inside>(?:[^<|\\\r\n]|\\.)*)</code>)(?=[ \t]*\|)")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});|\\(?P<sign>[!-/:-@\[-`{-~])")


def enclose_labels(body: Body) -> Body:
    """The body, knowing the labels in quotes in front of bare numbers and those in <code> in a Markdown table."""
    labels = _quoted(body)
    if not labels and "<code>" in body.typed and body.plain.lstrip().startswith("|"):
        labels = [(*match.span("cell"), _read_code(match["inside"])) for match in _CODE.finditer(body.typed)]
    return body.enclose(labels) if labels else body


# ---------------------------------------------------------------------------------------------------------- quotes


def _quoted(body: Body) -> list[Label]:
    """Grammar: table := header? record+; header := name (separator name)*; record := quoted separator numbers, which are not in quotes.

    Labels that are all numerals are labels only below a name for them, such as "token"; so are numerals among the names of columns. Below
    the corner of a CSV file that was saved here, labels need no quotes: spreadsheets save it without.
    """
    lines = _lines(body)
    first = next((line for line in lines if not _is_comment(body, *line)), None)
    if first is None:
        return []
    names = [] if _RECORD.fullmatch(body.typed, *first) else _names(body, *first)
    corner = names[0][2] if len(names) > 1 else None
    record = _RECORD
    if corner and made_here(corner):
        record = _BARE_RECORDS[body.typed[names[0][1] : names[1][0]].strip(" ")]
    else:
        lines = (line for line in lines if not _is_comment(body, *line))
    records = [record.fullmatch(body.typed, *line) for line in itertools.chain([] if names else [first], lines)]
    if not records or not all(match and any(map(str.isdigit, match["rest"])) for match in records):
        return []
    labels = [(*match.span("label"), _say(match["label"])) for match in records if match]
    numbered = any(_LIKE_NUMBERS.fullmatch(name) for _, _, name in names[1:]) or all(is_numeral(label.strip()) for _, _, label in labels)
    if numbered and not (corner is not None and is_corner(corner)):
        return []
    return [name for name in names if record is not _RECORD or body.typed[name[0] : name[0] + 1] == '"'] + labels


def _say(cell: str) -> str:
    return clean_label(cell if cell[:1] == '"' else f'"{cell}"')


def _names(body: Body, start: int, end: int) -> list[Label]:
    """The cells of a line, in quotes or bare; none if a bare one is a number."""
    line = body.typed[start:end]
    if '"' not in line and any(is_numeral(cell.strip()) for cell in re.split(r"[,;\t]", line)):
        return []
    names: list[Label] = []
    position = 0
    while position < len(line) or not names:
        match = _NAME.match(line, position)
        if match is None:
            return []
        names.append((start + match.start("name"), start + match.end("name"), _say(match["name"])))
        position = match.end()
    return names


def _lines(body: Body) -> Iterator[tuple[int, int]]:
    """The lines with something on them, where labels can be among them."""
    if '"' not in body.typed and not made_here(body.typed):
        return
    for match in _LINE.finditer(body.typed):
        if body.plain[match.start() : match.end()].strip():
            yield match.span()


def _is_comment(body: Body, start: int, end: int) -> bool:
    return body.plain[start:end].lstrip()[:1] in ("#", "%")


# ---------------------------------------------------------------------------------------------------------- Markdown


def _read_code(inside: str) -> str:
    r"""What <code>…</code> shows in a table of Markdown: there, too, &#124; and \| are a pipe."""
    return _REFERENCE.sub(lambda match: match["sign"] or html.unescape(match[0]), inside)
