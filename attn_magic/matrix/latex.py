"""LaTeX matrices and arrays, from papers, from sympy and from pandas."""

import re
from dataclasses import replace

from attn_magic.matrix.body import Body, Promise, blank
from attn_magic.matrix.marks import decimal_comma, refuse_accounted
from attn_magic.matrix.mistake import Mistake, quote
from attn_magic.matrix.numerals import is_numeral
from attn_magic.matrix.rows import Line, Reading, Row, check_size, read_values
from attn_magic.matrix.table import Table
from attn_magic.matrix.tex_labels import RULES, TABLES, enclose_labels
from attn_magic.notation import count
from attn_magic.notices import Notice

_MARK = re.compile(r"\\begin\b|\\[pbBvV]?matrix\s?\{|\\left[\[(.|\\]|\\end\b")
_STRING = re.compile(r"(?<![^\s\[({,;:|])(?:\"(?:[^\"\n]|\"\")*\"|'[^'\n]*')(?![^\s\])},;:|])")
_BEGIN = re.compile(r"\\begin[ ]?\{(?P<name>[A-Za-z]+\*?)\}(?:\[[^\[\]\n]{0,20}\])?")
_END = re.compile(r"\\end[ ]?\{(?P<name>[A-Za-z]+\*?)\}")
_TEX = re.compile(r"\\(?P<name>[pbB]?matrix)\s?\{")
_OUTER = {
    "equation",
    "equation*",
    "align",
    "align*",
    "aligned",
    "gather",
    "gather*",
    "gathered",
    "displaymath",
    "math",
    "center",
    "split",
    "table",
    "multline",
    "multline*",
}
_MATRICES = {"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "psmallmatrix", "bsmallmatrix", "pNiceMatrix", "bNiceMatrix", "NiceMatrix"}
_DETERMINANTS = {"vmatrix", "Vmatrix", "vsmallmatrix", "Vsmallmatrix", "vNiceMatrix"}

_SPACING = re.compile(
    r"(?P<row_end>\\\\)|\\(?:[,;:!> ]|quad\b|qquad\b|displaystyle\b|textstyle\b|scriptstyle\b|small\b"
    r"|hfill\b|centering\b|phantom\{[^{}]*\}|hphantom\{[^{}]*\}"
    r"|[hv]space\*?\{[^{}]*\}|(?:no)?indent\b|nonumber\b|notag\b|label\{[^{}]*\}|arraystretch\b)"
    r"|~"
)
_STYLE = re.compile(
    r"\\(?:mathbf|mathrm|mathit|mathsf|mathtt|mathnormal|boldsymbol|bm|textbf|textit|textrm|texttt|textsf|text|mbox|num|boxed|ensuremath"
    r"|(?:text)?color\{[A-Za-z0-9!.]*\}|mathord|mathbin)(?=\s?\{|\s?[0-9])"
)
_ROW_END = re.compile(r"\\\\\*?(?:[ ]?\[[ ]?[-+0-9.]+[ ]?[a-z]{2}[ ]?\])?|\\cr\b|\\tabularnewline\b")
_OPENING = (
    r"\s|\{|\$|\\\[|\\\(|\\left\s?(?:\\?[\[({.|]|\\lbrack|\\lbrace)|\\[bB]ig+l?\s?\\?[\[({]|\\displaystyle|\\centering\b"
    r"|\\caption\{[^{}0-9]*\}|\\label\{[^{}]*\}|\[[hbtp!H]{1,5}\]|&|\[|\("
)
_DELIMITERS = re.compile(rf"(?:{_OPENING})*")
_TARGET = re.compile(
    rf"(?:{_OPENING}"
    r"|\\(?:mathbf|mathrm|mathbb|mathcal|boldsymbol|bm|vec|hat|tilde|bar|text|operatorname)\s?\{[A-Za-z]+\}|\\[a-zA-Z]{1,20}(?=[ _^=&:$\s])"
    r"|[A-Za-z]{1,20}(?![A-Za-z])'?|_\s?\{[^{}=]{0,40}\}|_\w|\^\s?\{[^{}=]{0,40}\})*:?"
)
_AFTER = re.compile(
    r"(?:\s|\}|\$|\\\]|\\\)|\\right\s?(?:\\?[\])}.|]|\\rbrack|\\rbrace)|\\[bB]ig+r?\s?\\?[\])}]"
    r"|\\end[ ]?\{[A-Za-z]+\*?\}|[.,;]|\\[,;!: ]|\\quad\b|\\\\|\]|\)|\\notag\b|\\nonumber\b"
    r"|\\label\{[^{}]*\}|\\caption\{[^{}0-9]*\}|\\in\s?\\mathbb\s?\{R\}\^\s?\{[^{}]{0,40}\})*"
)
_TRANSPOSE = re.compile(r"\^\s?\{?\s?(?:T\b|\\top|\\intercal|\\mathsf|\\mathrm|\\dagger|H\b|t\b|')\}?|'")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|.)")
_ELLIPSES = {"\\cdots", "\\ldots", "\\dots", "\\vdots", "\\ddots", "\\dotsc", "\\dotsb", "\\hdots", "\\hdotsfor", "\\iddots"}
_OPERATIONS = {
    "\\frac",
    "\\dfrac",
    "\\tfrac",
    "\\sfrac",
    "\\nicefrac",
    "\\sqrt",
    "\\times",
    "\\cdot",
    "\\div",
    "\\pm",
    "\\mp",
    "\\exp",
    "\\sin",
    "\\cos",
    "\\tan",
    "\\log",
    "\\ln",
    "\\over",
}
_INSERTED = re.compile(r"[@!<>]\{(?P<text>[^{}\\]*)\}")
_SPACE = re.compile(r"\\mathbb\s?\{R\}\^\s?\{\s?(?P<rows>[0-9]{1,9})\s?\\times\s?(?P<columns>[0-9]{1,9})\s?\}")
_COMMENT_ABOVE = re.compile(r"^[ \t]*#[ ][^\n]*$", re.MULTILINE)
_SUBSCRIPT = re.compile(r"[0-9]_[0-9]")
_PLAIN_MATRIX = "Write the matrix as \\begin{bmatrix} 1 & 2 \\\\ 3 & 4 \\end{bmatrix}."


def is_latex(plain: str) -> bool:
    """Whether the text has, outside quotes, a LaTeX environment, or & between cells and two backslashes after rows."""
    if "\\" not in plain:
        return False
    bare = _STRING.sub(" ", plain)
    return _MARK.search(bare) is not None or _is_bare(bare)


def _is_bare(plain: str) -> bool:
    return 0 <= plain.find("&") < plain.find("\\\\")


def read_latex(body: Body) -> Reading:
    r"""Grammar: latex := before "\begin{" name "}" row ("\\" row)* "\\"? "\end{" name "}" after."""
    begin = body.plain.find("\\begin")
    body = body.without([match.span() for match in _COMMENT_ABOVE.finditer(body.plain, 0, max(begin, 0))], "comment")
    body = enclose_labels(body)
    name, start, end = _find_environment(body)
    inner = body.plain[start:end]
    is_table = name in TABLES
    size = _SPACE.search(body.plain, 0, start) or _SPACE.search(body.plain, end)
    if size:
        body = body.promising([Promise(*size.span(), int(size["rows"]), int(size["columns"]))])
    inner, markup = _blank_markup(inner, start)
    body = replace(body.aside([(0, start), *markup, (end, len(body.plain))], "markup"), plain=body.plain[:start] + inner + body.plain[end:])
    body, rows = _split_rows(body, start, end)
    if not rows:
        raise Mistake("empty", "There are no numbers in this matrix", _PLAIN_MATRIX, start, end)
    _refuse_commands(rows, is_table)
    for number, row in enumerate(rows, 1):
        refuse_accounted(Line(row.start, row.text), number)
    if is_table:
        return _read_labelled(body, rows, _has_rule_below_names(body, rows, end))
    values, notices = read_values(rows)
    if len(values) == 1:
        notices.append(Notice("one-dim", f"One row was read as one token with {count(len(values[0]), 'feature')}."))
    return Reading(body, values, notices=notices)


def _find_environment(body: Body) -> tuple[str, int, int]:
    """The name of the matrix environment, and where its inside starts and ends."""
    plain, position = body.plain, 0
    tex = _TEX.search(plain)
    while True:
        begin = re.compile(r"\\begin\b").search(plain, position)
        if tex and (not begin or tex.start() < begin.start()):
            return _find_braced(plain, tex)
        if not begin:
            end = re.compile(r"\\end\b|\\left\b").search(plain)
            if end and not _is_bare(plain):
                raise Mistake("latex", f"There is no \\begin for this {end[0]}", _PLAIN_MATRIX, *end.span())
            return "array", *_trim_bare(plain)
        opened = _BEGIN.match(plain, begin.start())
        if not opened:
            raise Mistake("latex", "\\begin is not followed by the name of a matrix", _PLAIN_MATRIX, *begin.span())
        if opened["name"] not in _OUTER:
            _refuse_before(plain, opened.start())
            return _find_end(plain, opened)
        position = opened.end()


def _trim_bare(plain: str) -> tuple[int, int]:
    """Rows without an environment, perhaps between dollar signs."""
    start = re.compile(r"[\s$]*(?:\\[\[(])?").match(plain)
    end = len(plain.rstrip("$ \t\r\n"))
    end -= 2 * plain.endswith(("\\]", "\\)"), 0, end)
    return start.end() if start else 0, end


def _find_braced(plain: str, tex: re.Match[str]) -> tuple[str, int, int]:
    _refuse_before(plain, tex.start())
    depth = 1
    for brace in re.compile(r"(?<!\\)[{}]").finditer(plain, tex.end()):
        depth += 1 if brace[0] == "{" else -1
        if not depth:
            _refuse_after(plain, brace.end())
            return tex["name"], tex.end(), brace.start()
    raise Mistake("latex", f"The brace after \\{tex['name']} is never closed", _PLAIN_MATRIX, tex.start(), tex.end())


def _find_end(plain: str, opened: re.Match[str]) -> tuple[str, int, int]:
    name = opened["name"]
    if name.rstrip("*") in _DETERMINANTS:
        raise Mistake("latex", f"{name} is a determinant, not a matrix", "Use bmatrix if you mean the matrix.", *opened.span())
    if name.rstrip("*") not in _MATRICES and name not in TABLES:
        raise Mistake("latex", f"{quote(name)} is not a matrix environment", _PLAIN_MATRIX, *opened.span())
    start = _skip_columns(plain, opened.end()) if name in TABLES else opened.end()
    marker = re.compile(r"\\(?:begin|end)\b").search(plain, start)
    if not marker:
        raise Mistake("latex", f"\\begin{{{name}}} is never ended", f"Type \\end{{{name}}} after the last row.", opened.start(), opened.start() + 6)
    closed = _END.match(plain, marker.start())
    if not closed:
        raise Mistake("latex", "An environment begins inside the matrix", _PLAIN_MATRIX, *marker.span())
    if closed["name"] != name:
        raise Mistake("latex", f"\\begin{{{name}}} cannot be ended by \\end{{{closed['name']}}}", f"Type \\end{{{name}}}.", *closed.span())
    _refuse_after(plain, closed.end())
    return name, start, marker.start()


def _skip_columns(plain: str, start: int) -> int:
    """Grammar: columns := "{" … "}", perhaps twice (tabular* has a width first), perhaps after "[t]"."""
    while True:
        brace = re.compile(r"\s?(?:\[[a-z]\])?\s?\{").match(plain, start)
        if not brace:
            return start
        depth, position = 1, brace.end()
        for match in re.compile(r"[{}]").finditer(plain, brace.end(), brace.end() + 500):
            depth += 1 if match[0] == "{" else -1
            position = match.end()
            if not depth:
                break
        if (
            depth
            or not re.fullmatch(r"[lcrSpmbX|@!><*{}0-9.\s\\a-z:;,=\[\]-]*", plain[brace.end() : position - 1])
            or is_numeral(plain[brace.end() : position - 1].strip())
        ):
            return start
        inserted = next((found for found in _INSERTED.finditer(plain, brace.end(), position) if found["text"].strip(" |")), None)
        if inserted:
            headline = f"{quote(inserted[0])} writes something between the columns, so that two cells can be one number"
            raise Mistake("latex", headline, "Type whole numbers in the cells, and columns such as {rr}.", *inserted.span())
        start = position


def _refuse_before(plain: str, start: int) -> None:
    r"""Grammar: before := (target ("=" | "\\equiv" | "\\coloneqq"))? delimiters; anything else, such as a factor, would change the numbers."""
    text = re.sub(r"\\begin[ ]?\{[A-Za-z]+\*?\}", lambda match: " " * len(match[0]), plain[:start])
    target, equals, delimiters = re.sub(r"\\equiv|\\coloneqq", lambda match: "=".rjust(len(match[0])), text).rpartition("=")
    if not equals:
        target = ""
    words = re.search(r"(?<![A-Za-z])[A-Za-z]+\s+[A-Za-z]+\s+[A-Za-z]+", re.sub(r"\\[A-Za-z]+", " ", target))
    if len(text) < 500 and not words and _TARGET.fullmatch(target) and _DELIMITERS.fullmatch(delimiters):
        return
    seen = text.strip()
    position = text.index(seen)
    raise Mistake(
        "expression",
        f"{quote(seen)} stands before the matrix, and nothing is calculated here",
        "Type the matrix alone, or with a name and = before it.",
        position,
        position + max(1, len(seen)),
    )


def _refuse_after(plain: str, end: int) -> None:
    match = _AFTER.match(plain, end)
    start = match.end() if match else end
    rest = plain[start:]
    if not rest:
        return
    if _BEGIN.match(rest) or _TEX.match(rest):
        raise Mistake(
            "multiple", "A second matrix begins here, and a cell holds one matrix", "Delete it, or put it in a cell of its own.", start, start + 6
        )
    transposed = _TRANSPOSE.match(rest)
    if transposed:
        raise Mistake(
            "expression",
            f"{quote(transposed[0])} would transpose the matrix, and nothing is calculated here",
            "Type the transposed numbers: every row is one token.",
            start,
            start + transposed.end(),
        )
    if rest[0] in "+-*/=" and "\\begin" in rest:
        raise Mistake("multiple", "A second matrix follows here, and nothing is calculated", "Type one matrix in a cell.", start, start + 1)
    raise Mistake(
        "expression", f"{quote(rest[:40])} stands after the matrix, and nothing is calculated here", "Type the matrix alone.", start, start + 1
    )


def _blank_markup(inner: str, start: int) -> tuple[str, list[tuple[int, int]]]:
    """The rows without spacing, rules, styles and braces, which do not change a number; and where these stand."""
    subscript = _SUBSCRIPT.search(inner)
    if subscript:
        place = (start + subscript.start(), start + subscript.end())
        raise Mistake("latex", f"{quote(subscript[0])} is a number with an index below", "Type plain numbers between & and \\\\.", *place)
    thousands = re.search(r"(?<![0-9])[0-9]{1,3}(?:\\,|~|\{,\}|\\ )[0-9]{3}(?![0-9])", inner)
    if thousands:
        seen = re.sub(r"\\,|~|\\ |\{,\}", ",", thousands[0])
        mistake = decimal_comma(seen, start + thousands.start(), 1)
        raise Mistake(mistake.code, mistake.headline, mistake.advice, start + thousands.start(), start + thousands.end())
    markup = []
    for pattern in (RULES, _SPACING, _STYLE):
        spans = [match.span() for match in pattern.finditer(inner) if match[0] != "\\\\"]
        markup += [(start + first, start + last) for first, last in spans]
        inner = blank(inner, spans)
    return re.sub(r"(?<!\\)[{}$]", " ", inner), markup


def _split_rows(body: Body, start: int, end: int) -> tuple[Body, list[Row]]:
    r"""Grammar: rows := row ("\\" row)*; row := cell ("&" cell)*."""
    rows, position = [], start
    text = body.plain
    ends = [match.span() for match in _ROW_END.finditer(text, start, end)] + [(end, end)]
    check_size(max(1, len(ends) - 1), 1)
    for index, (row_end, following) in enumerate(ends):
        row = text[position:row_end]
        if row.strip():
            rows.append(Row(position, row, "&", row.split("&")))
        elif index + 1 < len(ends) and (text[following:end].strip() or not rows):
            raise Mistake(
                "missing-cell",
                f"Row {len(rows) + 1} has no numbers",
                "Delete the second \\\\, or type the row.",
                row_end,
                following,
                row=len(rows) + 1,
            )
        position = following
    return body.aside(ends[:-1], "markup"), rows


def _refuse_commands(rows: list[Row], is_table: bool) -> None:
    for number, row in enumerate(rows, 1):
        if "\\" not in row.text:
            continue
        for match in _COMMAND.finditer(row.text):
            if is_table and match[0] in ("\\&", "\\%", "\\_", "\\#", "\\$", "\\{", "\\}"):
                continue
            cell = row.text[: match.start()].count("&") + 1
            span = (row.start + match.start(), row.start + match.end())
            raise _command_mistake(match[0], span, number, cell)


def _command_mistake(command: str, span: tuple[int, int], row: int, cell: int) -> Mistake:
    if command in _ELLIPSES:
        return Mistake("truncated", f"{command} stands for numbers that are not here", "Type all numbers.", *span, row=row, cell=cell)
    if command in ("\\infty",):
        return Mistake("nonfinite", "\\infty is not a finite number", "Attention needs finite numbers.", *span, row=row, cell=cell)
    if command in _OPERATIONS:
        return Mistake(
            "expression",
            f"{command} would have to be calculated, and nothing is calculated here",
            "Type the result as a decimal number, like 0.5.",
            *span,
            row=row,
            cell=cell,
        )
    return Mistake("latex", f"{command} is not understood inside a matrix", "Type plain numbers between & and \\\\.", *span, row=row, cell=cell)


def _has_rule_below_names(body: Body, rows: list[Row], end: int) -> bool:
    r"""Whether a rule stands below the first row and above no other: \midrule, or \hline where several rows follow."""
    above = set()
    for rule in re.compile(r"\\(?P<name>midrule|hline)\b").finditer(body.ordinary, rows[0].start, end):
        above |= {(place, rule["name"]) for place, row in enumerate(rows) if row.start <= rule.start() < row.start + len(row.text)}
    inner = [(place, name) for place, name in above if place]
    return bool(inner) and all(place == 1 for place, _ in inner) and (len(rows) > 2 or (1, "midrule") in inner)


def _read_labelled(body: Body, rows: list[Row], has_header: bool) -> Reading:
    for row in rows:
        row.text = row.text.replace("\n", " ")
    return Table(body, rows, [], has_header=has_header, is_series=False).read()
