r"""Labels of a LaTeX table: what stands in \text{…} in front of its rows and above its columns, whatever is inside."""

import re
from collections.abc import Iterator

from attn_magic.matrix.body import Body, Label, blank
from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.tex_text import read_text

TABLES = {"array", "tabular", "tabular*"}
RULES = re.compile(r"\\(?:hline|toprule|midrule|bottomrule|hdashline)\b|\\(?:cline|cmidrule|hhline)(?:\([a-z]*\))?\{[^{}]*\}|\\noalign\{[^{}]*\}")

_COMMENT = re.compile(r"(?<!\\)(?:\\\\)*(?P<comment>%[^\r\n]*)")
_TOKEN = re.compile(
    r"\\begin[ ]?\{(?P<begin>[A-Za-z]+\*?)\}(?:\[[^\[\]\r\n]{0,20}\])?(?:[ ]?\{(?:[^{}\r\n]|\{[^{}\r\n]*\}){0,200}\}){0,2}"
    r"|(?P<end>\\end\b)|(?P<row_end>\\\\)|(?P<cell_end>&)"
    r"|(?P<label>\\text[ ]?\{(?P<inside>(?:[^{}\\\r\n]|\\.|\{(?:[^{}\\\r\n]|\\.|\{(?:[^{}\\\r\n]|\\.)*\})*\})*)\})"
    rf"|(?P<rule>{RULES.pattern}|\\[\[\]()])|(?P<other>\\[A-Za-z]+|\\.|[^\s\\&{{}}$]+)"
)

_MATRIX = re.compile(r"\\(?:begin[ ]?\{)?[A-Za-z]*[mM]atrix")  # holds numbers alone

Cells = dict[int, Label | None]  # those of a row that are not empty, by their column; None is what is no label


def enclose_labels(body: Body) -> Body:
    r"""The body without comments, knowing the labels in it.

    Elsewhere \text is a style and changes no number. A numeral in it is a label where every row begins with one and goes on without.
    """
    comments = [match.span("comment") for match in _COMMENT.finditer(body.typed)] if "%" in body.typed else []
    body = body.without(comments, "comment")
    if "\\text" not in body.typed or _MATRIX.search(body.typed):
        return body
    return body.enclose(_find_labels(list(_rows(blank(body.typed, comments)))))


def _find_labels(rows: list[Cells]) -> Iterator[Label]:
    names = [name for name in rows[0].values() if name] if rows else []
    has_header = len(rows) > 1 and len(names) == len(rows[0]) and (0 not in rows[0] or not any(map(_is_numeral, names)))
    body = rows[1:] if has_header else rows
    labelled = all(cells.get(0) and None in cells.values() for cells in body)
    if has_header and (labelled or not any(map(_is_numeral, names))):
        yield from names
    for cells in body:
        label = cells.get(0)
        if label and (labelled or not _is_numeral(label)):
            yield label


def _is_numeral(label: Label) -> bool:
    return is_numeral(label[2].strip())


def _rows(text: str) -> Iterator[Cells]:
    """The rows of the table with what can be labels, those without a cell left out."""
    cells: Cells = {}
    column = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind == "begin" and match["begin"] in TABLES:
            cells, column = {}, 0
        elif kind == "end":
            break
        elif kind == "row_end":
            yield from [cells] if cells else []
            cells, column = {}, 0
        elif kind == "cell_end":
            column += 1
        elif kind == "label":
            said = read_text(match["inside"])
            alone = column not in cells and said is not None
            cells[column] = (*match.span("label"), said or "") if alone else None
        elif kind == "other":
            cells[column] = None
    yield from [cells] if cells else []
